"""What a request says to other processes: open or cancel a child request, hand over a grant, tell the parent."""

from contextlib import suppress
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.child_order import (
    ChildOrder,
    effective_date,
    find_step,
    gone,
    is_taken_back,
    process_of,
    reserve,
    wants_child,
)
from activities.steps import NO_DATE, end_of
from activities.values import value_of, values_of
from steadydesk.contracts.assertion import SERVICE_ACTOR
from steadydesk.contracts.grant import Extend, GrantState
from steadydesk.contracts.request_commands import (
    Cancel,
    ErrandOrder,
    ErrandOutcome,
    OutcomeKind,
    Reschedule,
    TellRequest,
)
from steadydesk.errors import InvalidInput, refusal_named
from steadydesk.orchestration.requests import Sender
from steadydesk.policies.assertion import unsigned
from steadydesk.policies.errands import extending_line, grant_key, undo_key
from steadydesk.policies.expression import ExpressionError
from steadydesk.policies.grant import GRANT_ENDED
from steadydesk.policies.plan import NEVER_OPENED
from steadydesk.policies.summary import summary_of
from steadydesk.records import configuration, reservations
from steadydesk.records.summaries import summaries_of
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.process import record

_DONE = ErrandOutcome(kind=OutcomeKind.DONE)


class ChildActivities:
    """Regular activities towards our own other processes; each is safe to repeat by its number."""

    def __init__(self, engine: AsyncEngine, sender: Sender) -> None:
        self.engine = engine
        self.sender = sender

    @activity.defn
    async def open_child_request(self, order: ErrandOrder) -> ErrandOutcome:
        """Order the step's item under the number that the parent drew for it."""
        async with self.engine.begin() as connection:
            process = await process_of(connection, order.number, hold=True)
            resolved = await configuration.get(connection, process.configuration)
            line, key = find_step(process, order.key)
            if not wants_child(line, key):
                raise gone(order.number, order.key)
            item = resolved.organisation.catalog[line.item]
            step, zone = item.plan.steps[key], resolved.calendars[item.calendar].zone
            ordered = ChildOrder(process, line, key, step, zone)
            await reserve(connection, ordered, _now())
            restricted = bool(process.restricted_to)
            words = summary_of(resolved.organisation, [step.item or ""], restricted=restricted)
        with suppress(WorkflowAlreadyStartedError):
            await self.sender.open(ordered.child, actor=process.opened_by, at=_now(), summary=words)
        return _DONE

    @activity.defn
    async def cancel_child_request(self, order: ErrandOrder) -> ErrandOutcome:
        """Cancel the child, or take its order back where it was never opened; one that has ended says so by itself."""
        async with self.engine.begin() as connection:
            line, key = find_step(await process_of(connection, order.number), order.key)
            child = line.steps[key].child
            if order.key != undo_key(line, key) or child is None or not is_taken_back(line, key):
                raise gone(order.number, order.key)
            await reservations.withdraw(connection, child)
            summaries = await summaries_of(connection, [child])
        if await self._is_open(child) is None:
            return ErrandOutcome(kind=OutcomeKind.DONE, problem=NEVER_OPENED)
        if await self._tell(child, "cancel", Cancel(assertion=unsigned()), f"cancel:{order.key}"):
            return _DONE
        if await self._is_open(child):
            # Somebody ended its workflow by hand; what is left without one would live on unnoticed.
            await self.sender.take_up(child, summaries.get(child))
            raise ApplicationError(f"{child} was taken up again to be cancelled", type="TakenUp")
        return ErrandOutcome(kind=OutcomeKind.DONE, problem="Ended")

    @activity.defn
    async def reschedule_child_request(self, order: ErrandOrder) -> ErrandOutcome:
        """Tell the child its new effective date; one that refuses, or has ended, keeps its own."""
        async with self.engine.connect() as connection:
            process = await process_of(connection, order.number)
            line, key = find_step(process, order.key)
            resolved = await configuration.get(connection, process.configuration)
            item = resolved.organisation.catalog[line.item]
            values = await values_of(connection, process, line)
        child = line.steps[key].child
        date = effective_date(item.plan.steps[key], line, values, resolved.calendars[item.calendar].zone)
        if child is None or date is None:
            return _DONE
        body = Reschedule(assertion=unsigned(), effective_at=date)
        try:
            sent = await self._tell(child, "reschedule", body, f"date:{order.key}")
        except WorkflowUpdateFailedError as refused:
            return ErrandOutcome(kind=OutcomeKind.REFUSED, problem=_refusal(refused))
        return _DONE if sent else ErrandOutcome(kind=OutcomeKind.REFUSED, problem="Ended")

    @activity.defn
    async def tell_parent(self, order: ErrandOrder) -> ErrandOutcome:
        """Tell the parent how this request ended; a parent that is gone needs no word."""
        async with self.engine.connect() as connection:
            process = await process_of(connection, order.number)
        if process.parent is not None:
            message = TellRequest(
                assertion=unsigned(), event="child_ended", subject=process.number, outcome=process.state.value
            )
            await self._tell(process.parent, "tell", message, f"ended:{process.number}")
        return _DONE

    @activity.defn
    async def start_grant(self, order: ErrandOrder) -> ErrandOutcome:
        """Hand a grant over to its own process, which lives until the grant ends."""
        async with self.engine.connect() as connection:
            process = await process_of(connection, order.number)
        grants = {
            grant_key(line, key): run.grant for line in process.lines for key, run in line.steps.items()
        }
        number = grants.get(order.key)
        if number is not None:
            await self.sender.start_grant(number)
        return _DONE

    @activity.defn
    async def extend_grant(self, order: ErrandOrder) -> ErrandOutcome:
        """Tell the grant its new end; one that has ended meanwhile stays ended, one whose process has not begun is
        told as soon as it has.
        """
        async with self.engine.connect() as connection:
            process = await process_of(connection, order.number)
            resolved = await configuration.get(connection, process.configuration)
            line = extending_line(process, order.key)
            if line is None:
                raise gone(order.number, order.key)
            item = resolved.organisation.catalog[line.item]
            values = await values_of(connection, process, line)
        assert line.extends is not None
        ends = [step.grant.until for step in item.plan.steps.values() if step.grant and step.grant.until]
        try:
            until = end_of(value_of(ends[0], values), resolved.calendars[item.calendar].zone)
        except (InvalidInput, ExpressionError, ValueError):
            return ErrandOutcome(kind=OutcomeKind.REFUSED, problem=NO_DATE)
        body = Extend(assertion=unsigned(), until=until, request=process.number)
        if await self._tell(line.extends, "extend", body, f"extend:{order.key}"):
            return _DONE
        if await self._is_held(line.extends):
            raise ApplicationError(
                f"{line.extends} has no process yet, or it was ended by hand", type="NotYet"
            )
        return ErrandOutcome(kind=OutcomeKind.REFUSED, problem=GRANT_ENDED)

    async def _is_open(self, child: str) -> bool | None:
        """None where there is no such record."""
        async with self.engine.connect() as connection:
            return await connection.scalar(select(record.c.open).where(record.c.number == child))

    async def _is_held(self, grant: str) -> bool:
        async with self.engine.connect() as connection:
            state = select(grant_register.c.state).where(grant_register.c.number == grant)
            return await connection.scalar(state) == GrantState.ACTIVE

    async def _tell(
        self, number: str, command: str, body: Cancel | Reschedule | TellRequest | Extend, update_id: str
    ) -> bool:
        """False when the process has ended; other failures are retried by Temporal."""
        try:
            await self.sender.send(number, command, body, update_id=update_id, actor=SERVICE_ACTOR, at=_now())
        except WorkflowUpdateFailedError as refused:
            if _refusal(refused) in ("RecordClosed", "UnknownRecord"):
                return False
            raise
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True


def _refusal(refused: WorkflowUpdateFailedError) -> str:
    """The type of a typed refusal; anything else is raised, for it may pass."""
    cause = refused.cause
    if isinstance(cause, ApplicationError) and cause.type and refusal_named(cause.type) is not None:
        return cause.type
    raise refused


def _now() -> datetime:
    return datetime.now(UTC)
