"""What is in trouble, for operators: which process is stuck, who does not answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.records.tables.delivery import delivery
from steadydesk.records.tables.effect import breaker
from steadydesk.records.tables.process import command_key, record, reservation, stuck_process
from steadydesk.records.views.operations import counted, known, not_taken_up, overdue
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
    """A target that is left alone; ``waiting`` counts the messages that it has still to get, at most
    ``COUNT_CAP`` + 1.
    """

    target: str
    phase: str
    failures: int
    openings: int
    until: datetime | None
    updated_at: datetime
    waiting: int


async def stuck_processes(connection: AsyncConnection, viewer: Viewer) -> list[Stuck]:
    """The longest stuck first."""
    rows = await connection.execute(
        select(stuck_process, record.c.kind, record.c.state, *sight_columns(viewer))
        .join(record, record.c.number == stuck_process.c.number)
        .order_by(stuck_process.c.since, stuck_process.c.number)
        .limit(MOST)
    )
    return [
        Stuck(sighting(row.number, row), row.kind, row.state, row.problem, row.since, row.seen_at)
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
        select(late, *sight_columns(viewer))
        .outerjoin(record, record.c.number == late.c.number)
        .order_by(late.c.first_at, late.c.number)
        .limit(MOST)
    )
    return [
        Unanswered(sighting(row.number, row), row.count_of, sorted(row.names), row.first_at) for row in rows
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
    waiting = counted(delivery, delivery.c.target == breaker.c.target, delivery.c.ended_at.is_(None))
    rows = await connection.execute(select(breaker, waiting.label("waiting")).order_by(breaker.c.target))
    return [_breaker(row) for row in rows]


async def sightings(
    connection: AsyncConnection, viewer: Viewer, numbers: Iterable[str]
) -> dict[str, Sighting]:
    """How the viewer may have each number; one that no record has stands for itself."""
    wanted = sorted(set(numbers))
    rows = await connection.execute(
        select(record.c.number, record.c.owner, *sight_columns(viewer)).where(record.c.number.in_(wanted))
    )
    found = {row.number: sighting(row.number, row, row.owner) for row in rows}
    return {number: found.get(number) or Sighting(number) for number in wanted}


async def known_numbers(
    connection: AsyncConnection, viewer: Viewer, numbers: Iterable[str | None]
) -> frozenset[str]:
    """Those of the numbers that the viewer may have."""
    found = await sightings(connection, viewer, filter(None, numbers))
    return frozenset(number for number, sighting in found.items() if sighting.number is not None)


def sight_columns(viewer: Viewer) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Of a number joined to its row of ``record``, which need not be there."""
    is_known = or_(record.c.number.is_(None), known(viewer))
    is_seen = and_(record.c.number.is_not(None), visible(viewer))
    return is_known.label("is_known"), is_seen.label("is_seen")


def sighting(number: str, row: Any, owner: str | None = None) -> Sighting:
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
