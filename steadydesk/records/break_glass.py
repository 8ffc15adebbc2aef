"""Sight in an emergency: for an hour and a stated reason, and its owners are told."""

from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.assertion import TextRef
from steadydesk.contracts.delivery import Message
from steadydesk.errors import Conflict, UnknownRecord
from steadydesk.policies.rights import Relation
from steadydesk.records import outbox, texts
from steadydesk.records.directory_events import Author
from steadydesk.records.identifiers import new_id
from steadydesk.records.security import note_security_event
from steadydesk.records.sights import let_see
from steadydesk.records.tables.access import break_glass
from steadydesk.records.tables.process import record, sight

SIGHT_FOR = timedelta(hours=1)
KIND = "break-glass"


async def open_in_emergency(
    connection: AsyncConnection, number: str, author: Author, reason: TextRef, seen: list[str]
) -> datetime:
    """Give ``author`` sight of the process behind ``number``; until when it lasts.

    ``seen`` is why they see it already: Conflict when that needs no emergency. UnknownRecord for no record.
    """
    row = (
        await connection.execute(select(record.c.owner, record.c.function).where(record.c.number == number))
    ).one_or_none()
    if row is None:
        raise UnknownRecord("there is no such record")
    if set(seen) - {Relation.BREAK_GLASS.value}:
        raise Conflict(f"you may see {number} already")
    until = author.at + SIGHT_FOR
    identity = await _write(connection, row.owner, author, reason, until)
    await texts.refer(connection, [reason.ref], row.owner)
    await note_security_event(connection, KIND, row.owner, author.at, actor=author.actor, detail=identity)
    await outbox.post(
        connection, [await _message(connection, row.owner, row.function, author, reason, identity)]
    )
    return until


async def _write(
    connection: AsyncConnection, owner: str, author: Author, reason: TextRef, until: datetime
) -> str:
    identity = new_id("bg")
    await connection.execute(
        insert(break_glass).values(
            id=identity,
            number=owner,
            person=author.actor,
            method=author.method.value,
            reason=reason.ref,
            reason_digest=reason.digest,
            at=author.at,
            until=until,
        )
    )
    see = {"subject": f"p:{author.actor}", "number": owner, "why": Relation.BREAK_GLASS.value}
    await let_see(connection, [{**see, "begins_at": None, "until": until}])
    return identity


async def _message(
    connection: AsyncConnection,
    owner: str,
    function: str | None,
    author: Author,
    reason: TextRef,
    identity: str,
) -> Message:
    """To the function's process owners; of a restricted record, to its named groups, who alone may know it."""
    named = await connection.scalars(
        select(sight.c.subject).where(sight.c.number == owner, sight.c.why == Relation.RESTRICTED_GROUP.value)
    )
    owners = [f"f:{function}"] if function else []
    return Message(
        id=f"{KIND}:{identity}",
        event="break-glass.used",
        number=owner,
        audience=sorted({*owners, *named}),
        facts={"actor": author.actor, "text": reason.ref},
        at=author.at,
    )
