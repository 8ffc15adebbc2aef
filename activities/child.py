"""What a request says to other processes: open or cancel a child request, hand over a grant, tell the parent."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio import activity
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.steps import instant_of
from activities.values import value_of, value_or_none, values_of
from steadydesk.contracts.assertion import SERVICE_ACTOR
from steadydesk.contracts.grant import Extend
from steadydesk.contracts.language import in_language
from steadydesk.contracts.plan import Step
from steadydesk.contracts.request import Line, RequestProcess
from steadydesk.contracts.request_commands import (
    Cancel,
    ErrandOrder,
    ErrandOutcome,
    Order,
    OrderedItem,
    OutcomeKind,
    TellRequest,
)
from steadydesk.orchestration.requests import Sender
from steadydesk.policies.assertion import unsigned
from steadydesk.policies.errands import extension_key, grant_key, perform_key, undo_key
from steadydesk.records import configuration, texts
from steadydesk.records.directory_approvers import people_by_name
from steadydesk.records.tables.process import process as process_table
from steadydesk.records.tables.process import reservation

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
            process = await _process(connection, order.number)
            resolved = await configuration.get(connection, process.configuration)
            line, key = _find(process, order.key)
            step = resolved.organisation.catalog[line.item].plan.steps[key]
            zone = resolved.calendars[resolved.organisation.catalog[line.item].calendar].zone
            child = await _reserve(connection, process, line, key, step, zone)
            words = in_language(resolved.organisation.catalog[step.item or ""].name)
        with suppress(WorkflowAlreadyStartedError):
            await self.sender.open(child, actor=process.opened_by, at=_now(), summary=words)
        return _DONE

    @activity.defn
    async def cancel_child_request(self, order: ErrandOrder) -> ErrandOutcome:
        """Cancel the child; one that has ended already reports so by itself."""
        async with self.engine.connect() as connection:
            process = await _process(connection, order.number)
        line, key = _find(process, order.key)
        child = line.steps[key].child
        assert child is not None
        sent = await self._tell(child, "cancel", Cancel(assertion=unsigned()), f"cancel:{order.key}")
        return _DONE if sent else ErrandOutcome(kind=OutcomeKind.DONE, problem="Ended")

    @activity.defn
    async def tell_parent(self, order: ErrandOrder) -> ErrandOutcome:
        """Tell the parent how this request ended; a parent that is gone needs no word."""
        async with self.engine.connect() as connection:
            process = await _process(connection, order.number)
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
            process = await _process(connection, order.number)
        grants = {
            grant_key(line, key): run.grant for line in process.lines for key, run in line.steps.items()
        }
        number = grants.get(order.key)
        if number is not None:
            await self.sender.start_grant(number)
        return _DONE

    @activity.defn
    async def extend_grant(self, order: ErrandOrder) -> ErrandOutcome:
        """Tell the grant its new end; one that has ended meanwhile stays ended."""
        async with self.engine.connect() as connection:
            process = await _process(connection, order.number)
            resolved = await configuration.get(connection, process.configuration)
            line = next(line for line in process.lines if order.key == extension_key(line))
            item = resolved.organisation.catalog[line.item]
            values = await values_of(connection, process, line)
        assert line.extends is not None
        ends = [step.grant.until for step in item.plan.steps.values() if step.grant and step.grant.until]
        until = instant_of(value_of(ends[0], values), resolved.calendars[item.calendar].zone)
        body = Extend(assertion=unsigned(), until=until, request=process.number)
        sent = await self._tell(line.extends, "extend", body, f"extend:{order.key}")
        return _DONE if sent else ErrandOutcome(kind=OutcomeKind.DONE, problem="Ended")

    async def _tell(
        self, number: str, command: str, body: Cancel | TellRequest | Extend, update_id: str
    ) -> bool:
        """False when the process has ended; other failures are retried by Temporal."""
        try:
            await self.sender.send(number, command, body, update_id=update_id, actor=SERVICE_ACTOR, at=_now())
        except WorkflowUpdateFailedError as refused:
            if isinstance(refused.cause, ApplicationError) and refused.cause.type in (
                "RecordClosed",
                "UnknownRecord",
            ):
                return False
            raise
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True


async def _process(connection: AsyncConnection, number: str) -> RequestProcess:
    document = await connection.scalar(
        select(process_table.c.document).where(process_table.c.number == number)
    )
    return RequestProcess.model_validate(document)


def _find(process: RequestProcess, errand: str) -> tuple[Line, str]:
    for line in process.lines:
        for key in line.steps:
            if errand in (perform_key(line, key), undo_key(line, key)):
                return line, key
    raise ApplicationError(
        f"{process.number} has no errand {errand} any more", type="Gone", non_retryable=True
    )


async def _reserve(
    connection: AsyncConnection, process: RequestProcess, line: Line, key: str, step: Step, zone: str
) -> str:
    """Write the child's order once; a repeat finds it there."""
    child = line.steps[key].child
    assert child is not None
    assert step.item is not None
    if await connection.scalar(select(reservation.c.number).where(reservation.c.number == child)):
        return child
    values = await values_of(connection, process, line)
    body: dict[str, Any] = {name: value_or_none(source, values) for name, source in step.variables.items()}
    text = texts.prepare(
        {name: value for name, value in body.items() if value is not None}, process.opened_by
    )
    await texts.write(connection, [text], _now())
    effective = value_of(step.effective_at, values) if step.effective_at else None
    order = Order(
        number=child,
        configuration=process.configuration,
        opened_by=process.opened_by,
        requested_for=await _beneficiary(connection, body, line),
        items=[OrderedItem(item=step.item, variables=text.reference, requested_for=line.requested_for)],
        parent=process.number,
        parent_step=key,
        effective_at=instant_of(effective, zone) if effective else line.effective_at,
    )
    await connection.execute(
        upsert(reservation)
        .values(
            number=child, order=order.model_dump(mode="json"), opened_by=process.opened_by, reserved_at=_now()
        )
        .on_conflict_do_nothing()
    )
    return child


async def _beneficiary(connection: AsyncConnection, body: dict[str, Any], line: Line) -> str:
    """The person that the child is for: named by the step, else the parent line's."""
    named = body.get("requested_for")
    if isinstance(named, str):
        ids = await people_by_name(connection, [named])
        return ids.get(named.lower(), line.requested_for)
    return line.requested_for


def _now() -> datetime:
    return datetime.now(UTC)
