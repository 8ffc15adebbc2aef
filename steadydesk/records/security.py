"""Security events: commands without proof, and whatever else an operator must see counted."""

from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.audit_views import SecurityEventKind, SecurityEventView
from steadydesk.records.identifiers import new_id
from steadydesk.records.tables.identity import security_event


async def note_security_event(
    connection: AsyncConnection,
    kind: SecurityEventKind,
    number: str | None,
    at: datetime,
    *,
    actor: str | None = None,
    detail: str = "",
    identity: str | None = None,
) -> None:
    """Count one event, once per ``identity``, which names no record: operators read it also of those that they do not
    see. ``detail`` never holds a secret or somebody's words.
    """
    await connection.execute(
        upsert(security_event)
        .values(
            id=identity or new_id("sec"), kind=kind.value, number=number, actor=actor, detail=detail, at=at
        )
        .on_conflict_do_nothing()
    )


async def security_events(
    connection: AsyncConnection, *, limit: int, before: tuple[datetime, str] | None = None
) -> list[SecurityEventView]:
    """The newest first, from below (at, id)."""
    statement = select(security_event).order_by(security_event.c.at.desc(), security_event.c.id.desc())
    if before is not None:
        statement = statement.where(tuple_(security_event.c.at, security_event.c.id) < tuple_(*before))
    rows = await connection.execute(statement.limit(limit))
    return [SecurityEventView(**row._asdict()) for row in rows]
