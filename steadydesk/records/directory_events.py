"""The trace that every change of the directory leaves: an audit row in the chain of what it changed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.assertion import SERVICE_ACTOR, AuthenticationMethod
from steadydesk.contracts.directory_event import DirectoryEvent
from steadydesk.records.audit import ChainHead, Doing, append
from steadydesk.records.tables.journal import audit

Fact = str | int | bool | list[str] | None
Witness = Callable[[AsyncConnection, DirectoryEvent], Awaitable[None]]


async def chain(connection: AsyncConnection, event: DirectoryEvent) -> None:
    """Append the event to the audit chain of its subject, in the transaction of the change."""
    # Two changes of one subject must not both continue the same head.
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(event.subject, 0))))
    last = (
        await connection.execute(
            select(audit.c.position, audit.c.hash)
            .where(audit.c.number == event.subject)
            .order_by(audit.c.position.desc())
            .limit(1)
        )
    ).one_or_none()
    head = ChainHead(last.position, last.hash) if last else ChainHead()
    doing = Doing(event.subject, event.actor, event.acting_for, event.method, event.at)
    await append(connection, head, doing, [(event.event, None, event.facts)])


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes the directory, when, and who writes down that they did."""

    actor: str
    at: datetime
    method: AuthenticationMethod = AuthenticationMethod.CLI
    acting_for: str | None = None
    witness: Witness = chain

    async def did(self, connection: AsyncConnection, event: str, subject: str, **facts: Fact) -> None:
        """Leave the trace of ``event``; facts are names of fields, keys and ids, never words."""
        await self.witness(
            connection,
            DirectoryEvent(
                event=event,
                subject=subject,
                actor=self.actor,
                acting_for=self.acting_for,
                method=self.method,
                at=self.at,
                facts=facts,
            ),
        )


def installation(at: datetime) -> Author:
    """Steadydesk itself: the first load, an import from the command line, a repair."""
    return Author(SERVICE_ACTOR, at, AuthenticationMethod.SERVICE)


def group_subject(key: str) -> str:
    """The name of a group's audit chain; keys of groups and numbers of records never meet."""
    return f"group:{key}"
