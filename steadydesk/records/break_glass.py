"""Sight in an emergency: for an hour and a stated reason, and somebody who answers for the record is told."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.assertion import TextRef
from steadydesk.contracts.audit_views import SecurityEventKind
from steadydesk.contracts.delivery import Message
from steadydesk.errors import Conflict, UnknownRecord
from steadydesk.policies.rights import Relation
from steadydesk.records import outbox, texts
from steadydesk.records.accountable import accountable_for, in_their_place
from steadydesk.records.delivery_audience import who_sees
from steadydesk.records.directory_events import Author
from steadydesk.records.identifiers import new_id
from steadydesk.records.security import note_security_event
from steadydesk.records.sights import let_see
from steadydesk.records.silence import kept_from
from steadydesk.records.tables.access import break_glass
from steadydesk.records.tables.process import record

SIGHT_FOR = timedelta(hours=1)
_KIND = SecurityEventKind.BREAK_GLASS


async def open_in_emergency(
    connection: AsyncConnection, number: str, author: Author, reason: TextRef, seen: list[str]
) -> datetime:
    """Give ``author`` sight of the process behind ``number``; until when it lasts.

    ``seen`` is why they see it already: Conflict when that needs no emergency. UnknownRecord for no record, and for one
    that is kept from them until its hour: an answer, or an event in the list of operators, would say that it is about
    them.
    """
    row = (
        await connection.execute(select(record.c.owner, record.c.function).where(record.c.number == number))
    ).one_or_none()
    if row is None or await kept_from(connection, row.owner, [author.actor], author.at):
        raise UnknownRecord("there is no such record")
    if set(seen) - {Relation.BREAK_GLASS.value}:
        raise Conflict(f"you may see {number} already")
    until = author.at + SIGHT_FOR
    identity = await _write(connection, row.owner, author, reason, until)
    await texts.refer(connection, [reason.ref], row.owner)
    await note_security_event(connection, _KIND, row.owner, author.at, actor=author.actor, detail=identity)
    messages = await _messages(connection, row.owner, row.function, author, reason, identity)
    await outbox.post(connection, [message for message in messages if message.audience])
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
    await let_see(connection, f"p:{author.actor}", owner, Relation.BREAK_GLASS, until)
    return identity


async def _messages(
    connection: AsyncConnection,
    owner: str,
    function: str | None,
    author: Author,
    reason: TextRef,
    identity: str,
) -> list[Message]:
    """With number and reason to those who answer for the record and may see it; that there was an emergency to
    those who answer for it and may not. Somebody is always told.
    """
    found = await accountable_for(connection, owner, function)
    others = found.people - {author.actor}
    pairs = await who_sees(connection, [(owner, one) for one in others], author.at, about_none=False)
    unseeing = others - {one for _, one in pairs}
    if not others:
        unseeing = frozenset(await in_their_place(connection, author.actor))
    seeing = [*([f"f:{function}"] if function else []), *(f"g:{key}" for key in found.groups)]
    said = {"actor": author.actor, "text": reason.ref}
    kept_back = {"actor": author.actor, "kind": function}
    return [
        _message(author, identity, "used", owner, seeing, said),
        _message(author, identity, "reported", identity, [f"p:{one}" for one in unseeing], kept_back),
    ]


def _message(
    author: Author,
    identity: str,
    event: str,
    number: str,
    audience: list[str],
    facts: Mapping[str, str | None],
) -> Message:
    return Message(
        id=f"{_KIND.value}:{identity}:{event}",
        event=f"{_KIND.value}.{event}",
        number=number,
        audience=sorted(audience),
        facts=dict(facts),
        at=author.at,
    )
