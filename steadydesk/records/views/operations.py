"""What runs, as operators see it: numbers and states of processes, and how much of each trouble there is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    ScalarSelect,
    Select,
    and_,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.connectors.breaker import BreakerPhase
from steadydesk.contracts.agenda import Waiting
from steadydesk.contracts.delivery import DeliveryState
from steadydesk.contracts.language import in_language
from steadydesk.records.engine import plan_anew
from steadydesk.records.tables.configuration import configuration_version
from steadydesk.records.tables.delivery import delivery
from steadydesk.records.tables.directory import person_group
from steadydesk.records.tables.effect import breaker
from steadydesk.records.tables.identity import security_event
from steadydesk.records.tables.process import command_key, record, reservation, stuck_process
from steadydesk.records.views.record_filter import Position
from steadydesk.records.views.records import COUNT_CAP, waiting_of
from steadydesk.records.views.visibility import Viewer, visible

ANSWERED_WITHIN = timedelta(minutes=10)
"""A command that its process answered later than this is in trouble."""

TAKEN_UP_WITHIN = timedelta(minutes=1)
LATELY = timedelta(days=1)
NOTHING = "nothing"
"""The reason of a process that waits for nothing: it is at work, or stuck."""

_KINDS_WAITED_FOR = func.jsonb_path_query_array(
    record.c.waiting, literal_column("'$[*].kind'::jsonpath")
).label("waits_for")


def known(viewer: Viewer) -> ColumnElement[bool]:
    """Whether an operator may know number and state of the row of ``record``: that of a restricted one is for
    those who see it.
    """
    return or_(record.c.restricted.is_(False), visible(viewer))


@dataclass(frozen=True)
class RunningCount:
    """How many processes of a kind are in a state and wait for these kinds of things, each once."""

    kind: str
    state: str
    waits_for: frozenset[str]
    count: int


@dataclass(frozen=True)
class RunningFilter:
    """None does not filter; ``waits_for`` is a value of WaitingKind, or ``NOTHING``."""

    kind: str | None = None
    state: str | None = None
    waits_for: str | None = None


@dataclass(frozen=True)
class Running:
    """One process. ``seen`` says whether the viewer may open its page; else there are no words of it."""

    number: str
    kind: str
    state: str
    title: str | None
    group: str | None
    late: bool
    waiting: list[Waiting]
    opened_at: datetime
    updated_at: datetime
    seen: bool


async def running_counts(connection: AsyncConnection, viewer: Viewer) -> list[RunningCount]:
    """Of the open processes that the viewer may know of."""
    processes = select(record.c.kind, record.c.state, _KINDS_WAITED_FOR).where(_running(viewer)).subquery()
    keys = (processes.c.kind, processes.c.state, processes.c.waits_for)
    rows = await connection.execute(select(*keys, func.count().label("of_them")).group_by(*keys))
    return [
        RunningCount(row.kind, row.state, frozenset(row.waits_for or [NOTHING]), row.of_them) for row in rows
    ]


async def running_processes(
    connection: AsyncConnection,
    viewer: Viewer,
    wanted: RunningFilter,
    limit: int,
    after: Position | None = None,
) -> list[Running]:
    """From what has not changed for longest to the newest change."""
    columns = [
        record.c[name]
        for name in (
            "number", "kind", "state", "short_description", "assignment_group", "late", "waiting", "opened_at",
            "updated_at",
        )
    ]  # fmt: skip
    label = (
        select(person_group.c.label).where(person_group.c.key == record.c.assignment_group).scalar_subquery()
    )
    seen = visible(viewer, processes=True).label("seen")
    statement = select(*columns, label.label("group_label"), seen).where(_running(viewer), *_filtered(wanted))
    if after is not None:
        here = tuple_(record.c.updated_at, record.c.number)
        statement = statement.where(here > tuple_(after.at, after.number))
    await plan_anew(connection)
    rows = await connection.execute(statement.order_by(record.c.updated_at, record.c.number).limit(limit))
    return [_process(row, viewer.language) for row in rows]


def _running(viewer: Viewer) -> ColumnElement[bool]:
    return and_(record.c.open, record.c.number == record.c.owner, known(viewer))


def _filtered(wanted: RunningFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.kind is not None:
        conditions.append(record.c.kind == wanted.kind)
    if wanted.state is not None:
        conditions.append(record.c.state == wanted.state)
    if wanted.waits_for == NOTHING:
        conditions.append(func.coalesce(func.jsonb_array_length(record.c.waiting), 0) == 0)
    elif wanted.waits_for is not None:
        conditions.append(record.c.waiting.contains([{"kind": wanted.waits_for}]))
    return conditions


def _process(row: Row[Any], language: str) -> Running:
    return Running(
        number=row.number,
        kind=row.kind,
        state=row.state,
        title=in_language(row.short_description, language) if row.seen else None,
        group=row.group_label or row.assignment_group,
        late=row.late,
        waiting=waiting_of(row.waiting),
        opened_at=row.opened_at,
        updated_at=row.updated_at,
        seen=row.seen,
    )


@dataclass(frozen=True)
class Attention:
    """How much there is of each trouble, at most ``COUNT_CAP`` + 1: whoever has a thousand has one. Restricted
    processes are included: numbers alone say nothing of them.
    """

    stuck: int
    commands: int
    orders: int
    dead_letters: int
    breakers: int
    security_events: int
    """Of the last day."""
    versions: int
    """Configuration versions that wait for a second person."""


async def attention(connection: AsyncConnection, now: datetime) -> Attention:
    """All of it by one statement."""
    row = await connection.execute(attention_counts(now))
    return Attention(*row.one())


def attention_counts(now: datetime) -> Select[int, int, int, int, int, int, int]:
    """One row, its columns named as the fields of ``Attention``."""
    undelivered = (DeliveryState.DEAD.value, DeliveryState.UNCONFIRMED.value)
    return select(
        counted(stuck_process).label("stuck"),
        counted(command_key, overdue(now)).label("commands"),
        counted(reservation, not_taken_up(now)).label("orders"),
        counted(delivery, delivery.c.state.in_(undelivered)).label("dead_letters"),
        counted(breaker, breaker.c.document["phase"].astext != BreakerPhase.CLOSED.value).label("breakers"),
        counted(security_event, security_event.c.at > now - LATELY).label("security_events"),
        counted(configuration_version, configuration_version.c.applied_at.is_(None)).label("versions"),
    )


def overdue(now: datetime) -> ColumnElement[bool]:
    """Commands that nobody answered although they were sent again and again."""
    return and_(command_key.c.answer_due_at.is_not(None), command_key.c.made_at < now - ANSWERED_WITHIN)


def not_taken_up(now: datetime) -> ColumnElement[bool]:
    """Orders that have a number and no process."""
    return and_(reservation.c.opened_at.is_(None), reservation.c.reserved_at < now - TAKEN_UP_WITHIN)


def counted(table: FromClause, *conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    """How many rows fit, at most ``COUNT_CAP`` + 1; conditions may name tables of the statement around it."""
    capped = select(literal(1)).select_from(table).where(*conditions).limit(COUNT_CAP + 1)
    return select(func.count()).select_from(capped.correlate_except(table).lateral()).scalar_subquery()
