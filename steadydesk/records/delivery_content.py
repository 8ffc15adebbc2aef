"""What a message says, read when it is sent: the event, its record, its reader, names, words and template."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.event_type import EventType
from steadydesk.contracts.events import event_type
from steadydesk.contracts.language import LocalisedText
from steadydesk.records import texts
from steadydesk.records.tables.configuration import configuration_version
from steadydesk.records.tables.delivery import delivery, outbox
from steadydesk.records.tables.directory import person, person_group
from steadydesk.records.tables.process import record

_about = record.alias("about")
_MESSAGE = (
    delivery.c.id,
    delivery.c.recipient,
    outbox.c.seq,
    outbox.c.event,
    outbox.c.number,
    outbox.c.subject,
    outbox.c.facts,
    outbox.c.at,
)
_RECORD = ("caller", "assignment_group", "assigned_to", "state", "due_at", "expected_at", "short_description")
_NOW = {
    "requester": "caller",
    "group": "assignment_group",
    "assignee": "assigned_to",
    "state": "state",
    "due": "due_at",
    "expected_at": "expected_at",
    "item": "short_description",
}
"""Facts that the record itself can give where the message does not."""


@dataclass(frozen=True, slots=True)
class Content:
    """One message to one recipient. ``facts`` are as the outbox has them, filled up from the record;
    ``words`` are the texts that they refer to, and ``names`` those of people and groups by id and key.
    """

    id: str
    recipient: str
    seq: int
    event: EventType
    number: str
    subject: str | None
    at: datetime
    facts: Mapping[str, Any]
    process: str | None = None
    title: LocalisedText | None = None
    restricted: bool = False
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    words: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to a person, with what its rendering needs. ``template`` is the organisation's own; days that its
    record names begin in ``day_zone``, None where nobody knows.
    """

    content: Content
    name: str
    email: str | None
    language: str
    zone: str
    organisation: LocalisedText
    template: Mapping[str, LocalisedText] | None
    day_zone: str | None = None


def _messages(ids: Sequence[str]) -> Select[*tuple[Any, ...]]:
    return (
        select(*_MESSAGE)
        .join_from(delivery, outbox, outbox.c.seq == delivery.c.seq)
        .where(delivery.c.id.in_(ids))
    )


async def contents(connection: AsyncConnection, ids: Sequence[str]) -> list[Content]:
    """What webhooks and processes need: the event and its facts."""
    return [_content(row, row.facts) for row in await connection.execute(_messages(ids))]


async def letters(connection: AsyncConnection, ids: Sequence[str]) -> list[Letter]:
    """What mails need, in the order in which it happened."""
    rows = (await connection.execute(_letters(ids))).all()
    filled = {row.id: _filled(row) for row in rows}
    names = await _names(connection, filled.values())
    words = await texts.read(connection, _references(filled.values()))
    said = {ref: body for ref, body in words.items() if isinstance(body, str)}
    return [_letter(row, filled[row.id], names, said) for row in rows]


def _letters(ids: Sequence[str]) -> Select[*tuple[Any, ...]]:
    version = configuration_version
    about = [_about.c[name] for name in _RECORD]
    applied = or_(
        version.c.digest == record.c.configuration, record.c.configuration.is_(None) & version.c.current
    )
    return (
        _messages(ids)
        .join(person, person.c.id == delivery.c.recipient)
        .outerjoin(record, record.c.number == outbox.c.number)
        .outerjoin(_about, _about.c.number == outbox.c.subject)
        .outerjoin(version, applied)
        .add_columns(
            person.c.name,
            person.c.email,
            person.c.language,
            person.c.zone,
            record.c.owner.label("process"),
            record.c.restricted,
            version.c.document["templates"][outbox.c.event].label("template"),
            version.c.document["organisation"]["name"].label("organisation"),
            version.c.document["calendars"][_calendar()]["zone"].astext.label("day_zone"),
            *(record.c[name].label(f"whole_{name}") for name in _RECORD),
            *(column.label(f"part_{column.name}") for column in about),
        )
        .order_by(outbox.c.seq)
    )


def _calendar() -> ColumnElement[str]:
    """The key of the calendar of the item that the message is about."""
    item = func.coalesce(_about.c.item, record.c.item)
    return configuration_version.c.document["catalog"][item]["calendar"].astext


def _filled(row: Row[Any]) -> dict[str, Any]:
    """The facts, with what the line, task or order itself says where they are silent."""
    facts: dict[str, Any] = {}
    for name, column in _NOW.items():
        value = getattr(row, f"part_{column}")
        facts[name] = getattr(row, f"whole_{column}") if value is None else value
    return facts | {name: value for name, value in row.facts.items() if value is not None}


def _references(facts: Iterable[Mapping[str, Any]]) -> set[str]:
    return {
        value
        for each in facts
        for value in each.values()
        if isinstance(value, str) and value.startswith("t_")
    }


async def _names(connection: AsyncConnection, facts: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    values = {value for each in facts for value in each.values() if isinstance(value, str)}
    people = select(person.c.id, person.c.name).where(
        person.c.id.in_([v for v in values if v.startswith("p_")])
    )
    groups = select(person_group.c.key, person_group.c.label).where(person_group.c.key.in_(values))
    found = [*await connection.execute(people), *await connection.execute(groups)]
    return {one[0]: one[1] for one in found}


def _content(row: Row[Any], facts: Mapping[str, Any]) -> Content:
    event = event_type(row.event)
    return Content(row.id, row.recipient, row.seq, event, row.number, row.subject, row.at, facts)


def _letter(
    row: Row[Any], facts: Mapping[str, Any], names: Mapping[str, str], words: Mapping[str, str]
) -> Letter:
    content = replace(
        _content(row, facts),
        process=row.process,
        title=row.part_short_description or row.whole_short_description,
        restricted=bool(row.restricted),
        names=names,
        words=words,
    )
    organisation = row.organisation or "Steadydesk"
    return Letter(
        content, row.name, row.email, row.language, row.zone, organisation, row.template, row.day_zone
    )
