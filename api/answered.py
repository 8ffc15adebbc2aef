"""Which kept commands have their answer: written down many at once, for nobody waits for it."""

import asyncio
from contextlib import suppress

import structlog

from steadydesk.contracts.kept_command import KeptCommand
from steadydesk.records import kept_commands
from steadydesk.records.engine import Engine
from steadydesk.records.faults import refusal_of

_TOGETHER_SECONDS = 0.5

_log = structlog.get_logger(__name__)


class Answered:
    """What is noted here and lost with the process is sent once more by the sweep, and answered as before."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._noted: list[KeptCommand] = []
        self._writing: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def note(self, kept: KeptCommand) -> None:
        self._noted.append(kept)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._soon())

    async def write(self) -> None:
        """Write down what was noted so far; while the database is away nothing is."""
        noted, self._noted = self._noted, []
        if not noted:
            return
        try:
            async with self._engine.begin() as connection:
                await kept_commands.mark_answered(connection, noted)
        except Exception as error:
            if refusal_of(error) is None:
                raise
            _log.info("answers_not_noted", count=len(noted))

    async def close(self) -> None:
        """Write down the rest, without waiting for more."""
        self._closing.set()
        if self._writing is not None:
            await self._writing

    async def _soon(self) -> None:
        while self._noted:
            with suppress(TimeoutError):
                async with asyncio.timeout(_TOGETHER_SECONDS):
                    await self._closing.wait()
            await self.write()
