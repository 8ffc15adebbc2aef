"""Security events: commands without proof, and whatever else an operator must see counted."""

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.records.identifiers import new_id
from steadydesk.records.tables.identity import security_event


async def note_security_event(
    connection: AsyncConnection,
    kind: str,
    number: str | None,
    at: datetime,
    *,
    actor: str | None = None,
    detail: str = "",
) -> None:
    """Count one event; ``detail`` never holds a secret or somebody's words."""
    await connection.execute(
        insert(security_event).values(
            id=new_id("sec"), kind=kind, number=number, actor=actor, detail=detail, at=at
        )
    )
