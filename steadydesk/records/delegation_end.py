"""How a delegation ends before its time, and how both people and the chain hear of what becomes of it."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.delegation import Delegation
from steadydesk.records.directory_events import Author
from steadydesk.records.directory_rows import DELEGATION_COLUMNS, delegation_of
from steadydesk.records.outbox import Message, post
from steadydesk.records.tables.directory import delegation


async def made_by_others(connection: AsyncConnection, delegator: str, now: datetime) -> list[Delegation]:
    """Present and coming delegations of the person that somebody else made, locked."""
    statement = (
        select(*DELEGATION_COLUMNS)
        .where(delegation.c.delegator == delegator, delegation.c.made_by != delegator)
        .where(delegation.c.ended_at.is_(None), delegation.c.ends_at > now)
        .order_by(delegation.c.id)
        .with_for_update()
    )
    return [delegation_of(row) for row in await connection.execute(statement)]


async def end_now(connection: AsyncConnection, found: Delegation, author: Author) -> Delegation:
    """End one that is not over; both are told."""
    await connection.execute(update(delegation).where(delegation.c.id == found.id).values(ended_at=author.at))
    ended = found.model_copy(update={"ended_at": author.at})
    await trace(connection, "delegation.ended", ended, author)
    return ended


async def trace(connection: AsyncConnection, event: str, about: Delegation, author: Author) -> None:
    """Audit it, and tell both."""
    facts = {
        "person": about.delegator,
        "delegate": about.delegate,
        "actor": author.acting_for or author.actor,
    }
    await author.did(connection, event, about.id, **facts, policies=about.policies)
    until = about.ended_at or about.ends_at
    message = Message(
        id=f"{event}:{about.id}",
        event=event,
        number=about.id,
        audience=[f"p:{about.delegator}", f"p:{about.delegate}"],
        facts={**facts, "since": about.begins_at.isoformat(), "until": until.isoformat()},
        at=author.at,
    )
    await post(connection, [message])
