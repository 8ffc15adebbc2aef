"""What is swept up twice a minute: commands that nobody saw answered, texts that nothing refers to."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from steadydesk.contracts.kept_command import KeptCommand
from steadydesk.contracts.routine import Routine, RoutineDone, RoutineDue
from steadydesk.orchestration.requests import Sender, is_final
from steadydesk.records import attachments, forged, kept_commands, processes, texts

SWEEP_ROUTINE = Routine(
    name="sweep",
    activities=["send_unanswered_commands", "keep_security_events", "sweep_unreferenced"],
    every_seconds=30,
    limit_seconds=120,
)
_KEYS_FOR = timedelta(days=90)
_AT_ONCE = 10
"""Processes that are written to at the same time."""
_ANSWER_SECONDS = 10.0


class SweepActivities:
    """Regular activities of the sweep; each is safe to repeat."""

    def __init__(self, engine: AsyncEngine, sender: Sender) -> None:
        self._engine = engine
        self._sender = sender

    def activities(self) -> list[Callable[..., object]]:
        return [self.send_unanswered_commands, self.keep_security_events, self.sweep_unreferenced]

    @activity.defn
    async def send_unanswered_commands(self, due: RoutineDue) -> RoutineDone:
        """Send again what people said and nobody saw answered: whoever was killed, they were promised it."""
        async with self._engine.begin() as connection:
            found = await kept_commands.unanswered(connection, due.at)
        by_process: dict[str, list[KeptCommand]] = {}
        for kept in found:
            by_process.setdefault(kept.number, []).append(kept)
        places = asyncio.Semaphore(_AT_ONCE)
        counts = await asyncio.gather(*(self._send(commands, places) for commands in by_process.values()))
        return RoutineDone(words=f"{sum(counts)} of {len(found)} commands answered" if found else "")

    async def _send(self, commands: Sequence[KeptCommand], places: asyncio.Semaphore) -> int:
        """To one process, in the order in which they were said; how many have their answer now."""
        answered: list[KeptCommand] = []
        async with places:
            for kept in commands:
                if not await self._is_answered(kept):
                    break
                answered.append(kept)
        if answered:
            async with self._engine.begin() as connection:
                await kept_commands.mark_answered(connection, answered)
        return len(answered)

    async def _is_answered(self, kept: KeptCommand) -> bool:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._sender.deliver(kept)
        except RPCError as error:
            # Where the process was ended by hand, its record is open: it waits until that is taken up again.
            return error.status is RPCStatusCode.NOT_FOUND and not await self._is_open(kept.number)
        except (WorkflowAlreadyStartedError, WorkflowUpdateFailedError) as error:
            return is_final(error)
        except TimeoutError:
            return False
        return True

    async def _is_open(self, number: str) -> bool:
        async with self._engine.connect() as connection:
            return await processes.is_open(connection, number)

    @activity.defn
    async def keep_security_events(self, due: RoutineDue) -> RoutineDone:
        """Write down the forged commands that this worker's validators have turned away since."""
        async with self._engine.begin() as connection:
            count = await forged.write_down(connection, due.at)
        return RoutineDone(words=f"{count} forged commands" if count else "")

    @activity.defn
    async def sweep_unreferenced(self, due: RoutineDue) -> RoutineDone:
        """Texts and files that no record refers to after a day; Idempotency-Keys after ninety."""
        async with self._engine.begin() as connection:
            gone = await texts.sweep(connection, due.at) + await attachments.sweep(connection, due.at)
            await kept_commands.forget_keys(connection, due.at - _KEYS_FOR)
        return RoutineDone(words=f"{gone} unreferenced texts" if gone else "")
