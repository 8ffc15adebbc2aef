"""What looks like an attack, and what was opened in an emergency, for operators."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.views import PersonRef
from steadydesk.records.tables.directory import person
from steadydesk.records.tables.identity import security_event
from steadydesk.records.tables.process import record
from steadydesk.records.views.operations import counted
from steadydesk.records.views.trouble import Sighting, sight_columns, sighting
from steadydesk.records.views.visibility import Viewer


@dataclass(frozen=True)
class SecurityEvent:
    id: str
    kind: str
    at: datetime
    of: Sighting | None
    actor: PersonRef | None
    detail: str


def _kinds() -> Select[*tuple[Any, ...]]:
    """From each kind to the next by the index, so that a flood of one costs as little as it hides of the others."""
    first = select(func.min(security_event.c.kind).label("kind")).cte("kinds", recursive=True)
    following = select(func.min(security_event.c.kind)).where(security_event.c.kind > first.c.kind)
    kinds = first.union_all(select(following.scalar_subquery()).where(first.c.kind.is_not(None)))
    since = bindparam("since", type_=security_event.c.at.type)
    times = counted(security_event, security_event.c.kind == kinds.c.kind, security_event.c.at > since)
    return select(kinds.c.kind, times.label("times")).where(kinds.c.kind.is_not(None))


_KINDS = _kinds()


async def security_kinds(connection: AsyncConnection, since: datetime) -> dict[str, int]:
    """How many events of each kind there were, the most first; of each at most ``COUNT_CAP`` + 1."""
    rows = await connection.execute(_KINDS, {"since": since})
    return dict(
        sorted(((row.kind, row.times) for row in rows if row.times), key=lambda one: (-one[1], one[0]))
    )


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
        select(security_event, person.c.name, person.c.user_name, *sight_columns(viewer))
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


def _event(row: Any) -> SecurityEvent:
    actor = (
        PersonRef(id=row.actor, name=row.name or row.actor, user_name=row.user_name) if row.actor else None
    )
    return SecurityEvent(
        id=row.id,
        kind=row.kind,
        at=row.at,
        of=sighting(row.number, row) if row.number else None,
        actor=actor,
        detail=row.detail or "",
    )
