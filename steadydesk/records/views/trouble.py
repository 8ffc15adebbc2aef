"""What is in trouble, for operators: which process is stuck, who does not answer, what looks like an attack."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.views import PersonRef
from steadydesk.records.tables.delivery import delivery
from steadydesk.records.tables.directory import person
from steadydesk.records.tables.effect import breaker
from steadydesk.records.tables.identity import security_event
from steadydesk.records.tables.process import command_key, record, reservation, stuck_process
from steadydesk.records.views.operations import known, not_taken_up, overdue
from steadydesk.records.views.visibility import Viewer, visible

MOST = 100
"""Rows of each list; whoever has more than that has one trouble, not a hundred."""


@dataclass(frozen=True)
class Sighting:
    """A number as an operator may have it: ``number`` None for a restricted record that they do not see."""

    number: str | None
    seen: bool = False
    owner: str | None = None


@dataclass(frozen=True)
class Stuck:
    """A process whose workflow tasks fail; ``problem`` in Temporal's words."""

    of: Sighting
    kind: str
    state: str
    problem: str
    since: datetime
    seen_at: datetime


@dataclass(frozen=True)
class Unanswered:
    """What people said to one process, and when they said the first of it."""

    of: Sighting
    count: int
    commands: list[str]
    first_at: datetime


@dataclass(frozen=True)
class Breaker:
    """A target that is left alone; ``waiting`` counts the messages that it has still to get."""

    target: str
    phase: str
    failures: int
    openings: int
    until: datetime | None
    updated_at: datetime
    waiting: int


@dataclass(frozen=True)
class SecurityEvent:
    id: str
    kind: str
    at: datetime
    of: Sighting | None
    actor: PersonRef | None
    detail: str


async def stuck_processes(connection: AsyncConnection, viewer: Viewer) -> list[Stuck]:
    """The longest stuck first."""
    rows = await connection.execute(
        select(stuck_process, record.c.kind, record.c.state, *_sight(viewer))
        .join(record, record.c.number == stuck_process.c.number)
        .order_by(stuck_process.c.since, stuck_process.c.number)
        .limit(MOST)
    )
    return [
        Stuck(_sighting(row.number, row), row.kind, row.state, row.problem, row.since, row.seen_at)
        for row in rows
    ]


async def unanswered_commands(connection: AsyncConnection, viewer: Viewer, now: datetime) -> list[Unanswered]:
    """By process, the longest unanswered first."""
    late = (
        select(
            command_key.c.number,
            func.count().label("count_of"),
            func.array_agg(command_key.c.command["name"].astext.distinct()).label("names"),
            func.min(command_key.c.made_at).label("first_at"),
        )
        .where(overdue(now))
        .group_by(command_key.c.number)
        .subquery()
    )
    rows = await connection.execute(
        select(late, *_sight(viewer))
        .outerjoin(record, record.c.number == late.c.number)
        .order_by(late.c.first_at, late.c.number)
        .limit(MOST)
    )
    return [
        Unanswered(_sighting(row.number, row), row.count_of, sorted(row.names), row.first_at) for row in rows
    ]


async def received_orders(connection: AsyncConnection, now: datetime) -> list[tuple[str, datetime]]:
    """Numbers that no process took up, with the time of the order, the oldest first."""
    rows = await connection.execute(
        select(reservation.c.number, reservation.c.reserved_at)
        .where(not_taken_up(now))
        .order_by(reservation.c.reserved_at)
        .limit(MOST)
    )
    return [(row.number, row.reserved_at) for row in rows]


async def breakers(connection: AsyncConnection) -> list[Breaker]:
    """Every target that failed lately; one at rest has no row."""
    waiting = (
        select(func.count())
        .where(delivery.c.target == breaker.c.target, delivery.c.ended_at.is_(None))
        .scalar_subquery()
    )
    rows = await connection.execute(select(breaker, waiting.label("waiting")).order_by(breaker.c.target))
    return [_breaker(row) for row in rows]


async def sightings(
    connection: AsyncConnection, viewer: Viewer, numbers: Iterable[str]
) -> dict[str, Sighting]:
    """How the viewer may have each number; one that no record has stands for itself."""
    wanted = sorted(set(numbers))
    rows = await connection.execute(
        select(record.c.number, record.c.owner, *_sight(viewer)).where(record.c.number.in_(wanted))
    )
    found = {row.number: _sighting(row.number, row, row.owner) for row in rows}
    return {number: found.get(number) or Sighting(number) for number in wanted}


async def security_kinds(connection: AsyncConnection, since: datetime) -> dict[str, int]:
    """How many events of each kind there were."""
    rows = await connection.execute(
        select(security_event.c.kind, func.count().label("times"))
        .where(security_event.c.at > since)
        .group_by(security_event.c.kind)
        .order_by(func.count().desc(), security_event.c.kind)
    )
    return {row.kind: row.times for row in rows}


async def listed_security_events(
    connection: AsyncConnection,
    viewer: Viewer,
    *,
    since: datetime,
    kind: str | None,
    limit: int,
    before: tuple[datetime, str] | None = None,
) -> list[SecurityEvent]:
    """The newest first, from below (at, id)."""
    statement = (
        select(security_event, person.c.name, person.c.user_name, *_sight(viewer))
        .outerjoin(record, record.c.number == security_event.c.number)
        .outerjoin(person, person.c.id == security_event.c.actor)
        .where(security_event.c.at > since)
    )
    if kind is not None:
        statement = statement.where(security_event.c.kind == kind)
    if before is not None:
        statement = statement.where(tuple_(security_event.c.at, security_event.c.id) < tuple_(*before))
    newest = (security_event.c.at.desc(), security_event.c.id.desc())
    return [_event(row) for row in await connection.execute(statement.order_by(*newest).limit(limit))]


def _sight(viewer: Viewer) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Of a number joined to its row of ``record``, which need not be there."""
    is_known = or_(record.c.number.is_(None), known(viewer))
    is_seen = and_(record.c.number.is_not(None), visible(viewer))
    return is_known.label("is_known"), is_seen.label("is_seen")


def _sighting(number: str, row: Any, owner: str | None = None) -> Sighting:
    return Sighting(number, row.is_seen, owner) if row.is_known else Sighting(None)


def _breaker(row: Any) -> Breaker:
    until = row.document.get("until")
    return Breaker(
        target=row.target,
        phase=row.document["phase"],
        failures=row.document["failures"],
        openings=row.document["openings"],
        until=datetime.fromisoformat(until) if until else None,
        updated_at=row.updated_at,
        waiting=row.waiting,
    )


def _event(row: Any) -> SecurityEvent:
    actor = (
        PersonRef(id=row.actor, name=row.name or row.actor, user_name=row.user_name) if row.actor else None
    )
    return SecurityEvent(
        id=row.id,
        kind=row.kind,
        at=row.at,
        of=_sighting(row.number, row) if row.number else None,
        actor=actor,
        detail=row.detail or "",
    )
