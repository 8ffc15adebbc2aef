"""People and when they are away: somebody with their team, or one person alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.delegation import Absence
from steadydesk.contracts.directory import Person
from steadydesk.records.directory_rows import ABSENCE_COLUMNS, PERSON_COLUMNS, person_of
from steadydesk.records.tables.directory import absence, person

MOST = 200
"""Rows of a team; nobody looks through a longer one, and each person has a page."""


@dataclass(frozen=True)
class Away:
    """A person with the absences of theirs that are not over, soonest first."""

    person: Person
    absences: list[Absence]


async def away(connection: AsyncConnection, person_id: str, now: datetime) -> Away | None:
    """One person; None where there is none."""
    return next(iter(await _found(connection, person.c.id == person_id, now)), None)


async def team_away(
    connection: AsyncConnection, person_id: str, now: datetime
) -> tuple[list[Absence], list[Away]]:
    """The person's own absences, and the active people whose manager they are: who is away soonest first."""
    team = and_(person.c.manager == person_id, person.c.active, ~person.c.service_account)
    found = await _found(connection, (person.c.id == person_id) | team, now)
    own = next((each.absences for each in found if each.person.id == person_id), [])
    return own, [each for each in found if each.person.id != person_id]


async def _found(connection: AsyncConnection, whom: ColumnElement[bool], now: datetime) -> list[Away]:
    spans = select(*ABSENCE_COLUMNS).where(absence.c.ends_at > now).subquery()
    labelled = [spans.c[column.name].label(f"away_{column.name}") for column in ABSENCE_COLUMNS]
    columns: list[ColumnElement[Any]] = [*PERSON_COLUMNS, *labelled]
    statement = (
        select(*columns)
        .outerjoin(spans, spans.c.person == person.c.id)
        .where(whom)
        .order_by(spans.c.begins_at.asc().nulls_last(), spans.c.id, person.c.name, person.c.id)
        .limit(MOST)
    )
    found: dict[str, Away] = {}
    for row in await connection.execute(statement):
        one = found.setdefault(row.id, Away(person_of(row), []))
        if row.away_id is not None:
            fields = {name: getattr(row, f"away_{name}") for name in Absence.model_fields}
            one.absences.append(Absence(**fields))
    return list(found.values())
