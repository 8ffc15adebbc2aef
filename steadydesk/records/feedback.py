"""Suggestions and complaints: who answers for one, who reads it, and who is told."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.audit_views import SecurityEventKind
from steadydesk.contracts.delivery import Message
from steadydesk.policies.restriction import answering_groups
from steadydesk.records import outbox, texts
from steadydesk.records.accountable import named_groups
from steadydesk.records.directory_approvers import group_members
from steadydesk.records.directory_facts import administrators, process_owners
from steadydesk.records.security import note_security_event
from steadydesk.records.silence import kept_from
from steadydesk.records.tables.process import record
from steadydesk.records.tables.voice import feedback


@dataclass(frozen=True)
class Said:
    """What ``person`` said about ``number``, a part of the process ``owner``; ``text`` is the words' reference."""

    id: str
    kind: str
    number: str
    owner: str
    person: str
    text: str
    at: datetime


@dataclass(frozen=True)
class _Answering:
    """``answers`` and ``readers`` are subjects as the table has them; ``told`` are people who hear of it now. ``empty``
    are the groups of a restricted record in which nobody is left, of whom ``told`` hear instead.
    """

    function: str | None
    answers: list[str]
    readers: list[str]
    told: set[str]
    restricted: bool = False
    empty: tuple[str, ...] = ()


async def take_feedback(connection: AsyncConnection, said: Said, group: str) -> list[str]:
    """Keep it, tell somebody, and say who answers; ``group`` is the organisation's for what was said."""
    answering = await _who_answers(connection, said, group)
    await texts.refer(connection, [said.text], said.number)
    await connection.execute(
        insert(feedback).values(
            id=said.id,
            kind=said.kind,
            number=said.number,
            owner=said.owner,
            function=answering.function,
            person=said.person,
            text=said.text,
            at=said.at,
            answers=answering.answers,
            readers=sorted({*answering.readers, f"p:{said.person}"}),
        )
    )
    if answering.empty:
        await note_security_event(
            connection, SecurityEventKind.UNATTENDED, said.owner, said.at, detail=said.id
        )
    await outbox.post(connection, _messages(said, answering))
    return answering.answers


async def _who_answers(connection: AsyncConnection, said: Said, group: str) -> _Answering:
    function = await connection.scalar(select(record.c.function).where(record.c.number == said.owner))
    named = sorted(await named_groups(connection, said.owner))
    groups = answering_groups(named, group)
    subjects = [f"g:{key}" for key in groups]
    members = {one for key in groups for one in await group_members(connection, key)}
    hearing = await _others(connection, said, members)
    owners = await _others(connection, said, await process_owners(connection, function) if function else [])
    instead = owners or await _others(connection, said, await administrators(connection))
    if named:
        empty = () if hearing else tuple(groups)
        return _Answering(function, subjects, subjects, hearing or instead, restricted=True, empty=empty)
    owning = [f"f:{function}"] if function else []
    if hearing:
        return _Answering(function, subjects, subjects + owning, hearing | owners)
    answers = owning if owners else sorted(f"p:{one}" for one in instead)
    return _Answering(function, answers or subjects, [*subjects, *owning, *answers], instead)


async def _others(connection: AsyncConnection, said: Said, people: list[str] | set[str]) -> set[str]:
    """Who of the people did not say it themselves, and may know of the process."""
    others = set(people) - {said.person}
    return others - await kept_from(connection, said.owner, others, said.at)


def _messages(said: Said, answering: _Answering) -> list[Message]:
    """Words of a restricted record are in no mail: they are read on the page. To those who may not read it goes what is
    missing, and no more.
    """
    audience = sorted(f"p:{one}" for one in answering.told)
    if not audience:
        return []
    if answering.empty:
        told = {"kind": answering.function, "group": answering.empty[0]}
        return [_message(said, "feedback.unattended", audience, told)]
    words = {} if answering.restricted else {"text": said.text}
    return [
        _message(
            said, f"feedback.{said.kind}", audience, {"about": said.number, "actor": said.person, **words}
        )
    ]


def _message(said: Said, event: str, audience: list[str], facts: dict[str, str | None]) -> Message:
    """About itself, not about its record: who is to answer need not see that."""
    return Message(
        id=f"feedback:{said.id}", event=event, number=said.id, audience=audience, facts=facts, at=said.at
    )
