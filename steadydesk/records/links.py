"""Keep that one record refers to another."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.link import LinkKind
from steadydesk.contracts.numbers import RecordKind
from steadydesk.records.tables.link import record_link
from steadydesk.records.tables.process import record


async def link(connection: AsyncConnection, number: str, kind: LinkKind, other: str, at: datetime) -> None:
    """The process ``number`` refers to the process ``other``; said again it changes nothing."""
    said = upsert(record_link).values(number=number, kind=kind.value, other=other, at=at)
    await connection.execute(said.on_conflict_do_nothing())


async def request_behind(connection: AsyncConnection, number: str) -> str:
    """What a follow-up refers to: of a grant the request that gave it, else the request itself."""
    of_grant = select(record.c.parent).where(
        record.c.number == number, record.c.kind == RecordKind.GRANT.value
    )
    return await connection.scalar(of_grant) or number
