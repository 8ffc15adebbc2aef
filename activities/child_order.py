"""The order of a child request: what a step asks for, in whose name, for when; reserved under the parent's lock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio.exceptions import ApplicationError

from activities.steps import instant_of
from activities.values import value_of, value_or_none, values_of
from steadydesk.contracts.plan import Step, Value
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line, RequestProcess, StepState, UndoState
from steadydesk.contracts.request_commands import Order, OrderedItem
from steadydesk.errors import InvalidInput
from steadydesk.policies.errands import date_key, perform_key, undo_key
from steadydesk.policies.expression import names
from steadydesk.records import texts
from steadydesk.records.directory_approvers import people_by_name
from steadydesk.records.tables.process import process as process_table
from steadydesk.records.tables.process import reservation

_LINE_DATE = "line.effective_at"


async def process_of(connection: AsyncConnection, number: str, *, hold: bool = False) -> RequestProcess:
    """The document; ``hold`` keeps it as it is to the end of the transaction."""
    wanted = select(process_table.c.document).where(process_table.c.number == number)
    document = await connection.scalar(wanted.with_for_update(read=True) if hold else wanted)
    return RequestProcess.model_validate(document)


def find_step(process: RequestProcess, errand: str) -> tuple[Line, str]:
    """The line and step that owe an errand; ApplicationError ``Gone`` where none does any more."""
    for line in process.lines:
        for key in line.steps:
            if errand in (perform_key(line, key), undo_key(line, key), date_key(line, key)):
                return line, key
    raise gone(process.number, errand)


def gone(number: str, errand: str) -> ApplicationError:
    return ApplicationError(f"{number} has no errand {errand} any more", type="Gone", non_retryable=True)


def wants_child(line: Line, step: str) -> bool:
    """Whether the child is still to be opened: a line that is taken back opens none."""
    return line.phase is not Phase.UNDOING and line.steps[step].state is StepState.RUNNING


def is_taken_back(line: Line, step: str) -> bool:
    """Whether the plan wants the child cancelled, or has heard of its end, maybe before who cancels it has."""
    return line.steps[step].undo in (UndoState.RUNNING, UndoState.DONE)


def follows_date(step: Step) -> bool:
    """Whether the child takes its effective date from the line that orders it."""
    return step.effective_at is None or _LINE_DATE in _named(step.effective_at)


def _named(value: Value) -> frozenset[str]:
    return names(value.cel) if value.cel is not None else frozenset({value.path or ""})


def effective_date(step: Step, line: Line, values: dict[str, Any], zone: str) -> datetime | None:
    """When the child shall be so: as the step says, else with its line; InvalidInput for what is no date."""
    named = value_of(step.effective_at, values) if step.effective_at else None
    try:
        return instant_of(named, zone) if named else line.effective_at
    except ValueError:
        raise InvalidInput("the effective date of the child is no date") from None


@dataclass(frozen=True)
class ChildOrder:
    """Which step of which line orders a child, in the zone of its calendar."""

    process: RequestProcess
    line: Line
    key: str
    step: Step
    zone: str

    @property
    def child(self) -> str:
        number = self.line.steps[self.key].child
        assert number is not None
        return number


async def reserve(connection: AsyncConnection, ordered: ChildOrder, at: datetime) -> None:
    """Write the child's order once; a repeat finds it there."""
    child = ordered.child
    if await connection.scalar(select(reservation.c.number).where(reservation.c.number == child)):
        return
    order = await _order(connection, ordered, at)
    statement = upsert(reservation).values(
        number=child, order=order.model_dump(mode="json"), opened_by=order.opened_by, reserved_at=at
    )
    await connection.execute(statement.on_conflict_do_nothing())


async def _order(connection: AsyncConnection, ordered: ChildOrder, at: datetime) -> Order:
    process, line, step = ordered.process, ordered.line, ordered.step
    assert step.item is not None
    values = await values_of(connection, process, line)
    body: dict[str, Any] = {name: value_or_none(source, values) for name, source in step.variables.items()}
    answers = {name: value for name, value in body.items() if value is not None}
    text = texts.prepare(answers, process.opened_by)
    ordered_item = OrderedItem(
        item=step.item,
        variables=text.reference,
        requested_for=line.requested_for,
        for_future_person=line.for_future_person,
    )
    await texts.write(connection, [text], at)
    return Order(
        number=ordered.child,
        configuration=process.configuration,
        opened_by=process.opened_by,
        requested_for=await _beneficiary(connection, body, line),
        items=[ordered_item],
        parent=process.number,
        parent_step=ordered.key,
        effective_at=effective_date(step, line, values, ordered.zone),
    )


async def _beneficiary(connection: AsyncConnection, body: dict[str, Any], line: Line) -> str:
    """The person that the child is for: named by the step, else the parent line's."""
    named = body.get("requested_for")
    if isinstance(named, str):
        ids = await people_by_name(connection, [named])
        return ids.get(named.lower(), line.requested_for)
    return line.requested_for
