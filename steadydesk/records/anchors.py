"""Anchors in the database: sealed once per instant, in one chain, over every record that changed since the last."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.policies.anchor import Anchor, Head, anchored
from steadydesk.records.tables.journal import anchor, audit

LONGEST_TRANSACTION = timedelta(minutes=5)
"""No write takes longer (statements of services and commands end after 60 s at most)."""

_ONE_AT_A_TIME = 7_301_967


async def seal(connection: AsyncConnection, private: bytes, at: datetime) -> Anchor:
    """Sign the heads of all chains that may have grown since the last anchor. The same ``at`` again is the same anchor.

    Sealed also when nothing has happened, because silence would look like a removed anchor.
    """
    await connection.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    last = await last_anchor(connection)
    if last is not None and last.statement.at >= at:
        return await anchor_at(connection, at) or last
    since = last.statement.up_to if last else 0
    heads = await heads_since(connection, since)
    up_to = max(since, await _settled(connection))
    new = anchored(private, heads, after=last.statement if last else None, at=at, up_to=up_to)
    await connection.execute(
        insert(anchor).values(
            at=at, up_to=up_to, document=new.model_dump(mode="json"), signature=new.signature
        )
    )
    return new


async def last_anchor(connection: AsyncConnection) -> Anchor | None:
    found = await connection.scalar(select(anchor.c.document).order_by(anchor.c.serial.desc()).limit(1))
    return Anchor.model_validate(found) if found is not None else None


async def anchor_at(connection: AsyncConnection, at: datetime) -> Anchor | None:
    """The anchor that was sealed for this instant, or the last one before it."""
    found = await connection.scalar(
        select(anchor.c.document).where(anchor.c.at <= at).order_by(anchor.c.serial.desc()).limit(1)
    )
    return Anchor.model_validate(found) if found is not None else None


async def stored_anchors(connection: AsyncConnection) -> AsyncIterator[Anchor]:
    """All anchors that the database has, in the order in which they were sealed."""
    async with connection.stream(select(anchor.c.document).order_by(anchor.c.serial)) as rows:
        async for row in rows:
            yield Anchor.model_validate(row.document)


async def heads_since(connection: AsyncConnection, sequence: int) -> list[Head]:
    """The present head of every chain with a row after ``sequence``."""
    changed = select(audit.c.number).where(audit.c.seq > sequence).distinct()
    rows = await connection.execute(
        select(audit.c.number, audit.c.position, audit.c.hash)
        .ext(distinct_on(audit.c.number))
        .where(audit.c.number.in_(changed))
        .order_by(audit.c.number, audit.c.position.desc())
    )
    return [Head(*row) for row in rows]


async def _settled(connection: AsyncConnection) -> int:
    """The sequence below which no row can appear any more.

    A sequence is drawn before its row can be seen, so a late commit may bring a lower one than those seen already.
    A row written twice the longest transaction ago was drawn before anything that still runs had begun.
    """
    long_ago = func.now() - 2 * LONGEST_TRANSACTION
    found = await connection.scalar(
        select(audit.c.seq).where(audit.c.written_at < long_ago).order_by(audit.c.seq.desc()).limit(1)
    )
    return found or 0
