"""What is swept up every minute: orders whose process was never started, texts that nothing refers to."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import WorkflowAlreadyStartedError

from steadydesk.contracts.language import in_language
from steadydesk.contracts.request_commands import Order
from steadydesk.contracts.routine import Routine, RoutineDone, RoutineDue
from steadydesk.orchestration.requests import Sender
from steadydesk.records import attachments, configuration, forged, reservations, texts

SWEEP_ROUTINE = Routine(
    name="sweep",
    activities=["start_forgotten_orders", "keep_security_events", "sweep_unreferenced"],
    every_seconds=30,
    limit_seconds=120,
)
_KEYS_FOR = timedelta(days=90)


class SweepActivities:
    """Regular activities of the sweep; each is safe to repeat."""

    def __init__(self, engine: AsyncEngine, sender: Sender) -> None:
        self._engine = engine
        self._sender = sender

    def activities(self) -> list[Callable[..., object]]:
        return [self.start_forgotten_orders, self.keep_security_events, self.sweep_unreferenced]

    @activity.defn
    async def start_forgotten_orders(self, due: RoutineDue) -> RoutineDone:
        """Start what the API reserved and then could not start; the requester was told the number already."""
        async with self._engine.connect() as connection:
            orders = await reservations.forgotten(connection, due.at)
        for order in orders:
            await self._start(order, due)
        return RoutineDone(words=f"started {len(orders)} orders" if orders else "")

    async def _start(self, order: Order, due: RoutineDue) -> None:
        async with self._engine.connect() as connection:
            resolved = await configuration.get(connection, order.configuration)
        summary = in_language(resolved.organisation.catalog[order.items[0].item].name)
        with suppress(WorkflowAlreadyStartedError, WorkflowUpdateFailedError):
            await self._sender.open(order.number, actor=order.opened_by, at=due.at, summary=summary)

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
            await reservations.forget_keys(connection, due.at - _KEYS_FOR)
        return RoutineDone(words=f"{gone} unreferenced texts" if gone else "")
