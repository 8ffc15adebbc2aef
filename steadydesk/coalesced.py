"""Something that many ask for and that is done for all of them at once, in the background."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

_LAST_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class Coalesced:
    """Does ``what`` when it was asked for: ``after`` so many seconds, then at most once per ``every``, and gives each
    doing up after ``limit`` seconds. It never raises and nobody waits for it: what it misses, somebody else must find.
    """

    def __init__(
        self, what: Callable[[], Awaitable[None]], *, every: float, after: float = 0.0, limit: float = 5.0
    ) -> None:
        self._what = what
        self._every = every
        self._after = after
        self._limit = limit
        self._wanted = False
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def ask(self) -> None:
        """From a running event loop."""
        self._wanted = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """End the background task: what is under way may end within a second, what is still wanted is left undone."""
        self._wanted = False
        self._closing.set()
        if self._task is not None:
            _, late = await asyncio.wait({self._task}, timeout=_LAST_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self) -> None:
        await self._pause(self._after)
        while self._wanted:
            self._wanted = False
            try:
                async with asyncio.timeout(self._limit):
                    await self._what()
            except Exception as error:  # noqa: BLE001 - somebody else finds what was missed, whatever went wrong
                _log.debug("missed", what=self._what.__qualname__, reason=type(error).__name__)
            await self._pause(self._every)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()
