"""Joiners, movers and leavers: lines by which somebody joins, moves or leaves, with what each still lacks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, cast, exists, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.agenda import Waiting, WaitingKind
from steadydesk.contracts.catalog import CatalogItem, PeopleOperation
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.views import LineView, RecordView
from steadydesk.records import configuration
from steadydesk.records.tables.process import process, record, sight
from steadydesk.records.tables.text import text_body
from steadydesk.records.views.directory_words import DirectoryWords, directory_words
from steadydesk.records.views.json_rows import listed, record_fields
from steadydesk.records.views.requests import open_answers
from steadydesk.records.views.visibility import Viewer, subject_matches, visible

_ANSWERS = "$.lines[*] ? (@.number == $number).variables.ref"

part = record.alias("part")
child = record.alias("child")


@dataclass(frozen=True)
class PeopleFilter:
    """What the list shows; None does not filter. Effective dates from ``begins`` until before ``ends``."""

    kind: PeopleOperation | None = None
    open: bool | None = True
    late: bool = False
    begins: datetime | None = None
    ends: datetime | None = None


@dataclass(frozen=True)
class Date:
    """The last row of the page before; rows without an effective date come last."""

    effective_at: datetime | None
    number: str


@dataclass(frozen=True)
class Lack:
    """One thing that is waited for. ``record`` is its task or child request, where the viewer may see it."""

    waiting: Waiting
    record: RecordView | None
    until: datetime | None
    late: bool


@dataclass(frozen=True)
class Operation:
    """``person`` is the name of who it is about; ``zone`` that of the calendar in which its date is a day."""

    kind: PeopleOperation
    line: LineView
    person: str
    zone: str
    done: int
    steps: int
    lacks: list[Lack] = field(default_factory=list[Lack])

    @property
    def late(self) -> bool:
        return self.line.open and (self.line.late or any(lack.late for lack in self.lacks))


@dataclass(frozen=True)
class OperationsContent:
    operations: list[Operation]
    names: DirectoryWords


async def people_operations(
    connection: AsyncConnection, viewer: Viewer, wanted: PeopleFilter, limit: int, after: Date | None = None
) -> OperationsContent:
    """At most ``limit`` of what the viewer may see, by effective date; in two statements."""
    statement = _lines(viewer).where(*_conditions(viewer, wanted))
    if after is not None:
        statement = statement.where(_behind(after))
    rows = (await connection.execute(_ordered(statement).limit(limit))).all()
    names = await directory_words(connection, _people(rows), _groups(rows))
    return OperationsContent([await _operation(connection, row, names, viewer) for row in rows], names)


def _lines(viewer: Viewer) -> Select[Any]:
    """Each line with its open tasks, the open child requests that the viewer sees, and its answers."""
    reference = func.jsonb_path_query_first(
        process.c.document, cast(_ANSWERS, JSONPATH), func.jsonb_build_object("number", record.c.number)
    ).op("#>>")(literal_column("'{}'"))
    tasks = and_(part.c.owner == record.c.owner, part.c.kind == RecordKind.TASK.value, part.c.open)
    return (
        select(
            record,
            listed(part, part.c.number, tasks, record).label("tasks"),
            listed(child, child.c.number, _children(viewer), record).label("children"),
            text_body.c.body.label("answers"),
        )
        .join(process, process.c.number == record.c.owner)
        .outerjoin(text_body, text_body.c.ref == reference)
        .where(record.c.people_operation.is_not(None), visible(viewer))
    )


def _children(viewer: Viewer) -> ColumnElement[bool]:
    return and_(
        child.c.parent == record.c.owner,
        child.c.kind == RecordKind.REQUEST.value,
        child.c.open,
        exists().where(sight.c.number == child.c.number, subject_matches(viewer)),
    )


def _conditions(viewer: Viewer, wanted: PeopleFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.kind is not None:
        yield record.c.people_operation == wanted.kind.value
    if wanted.open is not None:
        yield record.c.open.is_(wanted.open)
    if wanted.begins is not None:
        yield record.c.effective_at >= wanted.begins
    if wanted.ends is not None:
        yield record.c.effective_at < wanted.ends
    if wanted.late:
        yield record.c.open & _late(viewer)


def _late(viewer: Viewer) -> ColumnElement[bool]:
    """The line itself, one of its tasks, or a child request that the viewer sees."""
    task = exists().where(
        part.c.owner == record.c.owner,
        part.c.kind == RecordKind.TASK.value,
        part.c.open,
        or_(part.c.late, part.c.due_at < viewer.now),
    )
    below = exists().where(_children(viewer), or_(child.c.late, child.c.expected_at < viewer.now))
    return or_(record.c.late, task.correlate(record), below.correlate(record))


def _ordered(statement: Select[Any]) -> Select[Any]:
    return statement.order_by(record.c.effective_at.asc().nulls_last(), record.c.number)


def _behind(after: Date) -> ColumnElement[bool]:
    undated = record.c.effective_at.is_(None)
    if after.effective_at is None:
        return and_(undated, record.c.number > after.number)
    same = and_(record.c.effective_at == after.effective_at, record.c.number > after.number)
    return or_(record.c.effective_at > after.effective_at, same, undated)


def _people(rows: Any) -> Iterator[str | None]:
    for row in rows:
        yield from (row.opened_by, row.caller, row.assigned_to)
        for one in (*row.tasks, *row.children):
            yield from (one["opened_by"], one["caller"], one["assigned_to"])
        yield from (person for each in row.waiting or [] for person in each.get("people", ()))


def _groups(rows: Any) -> Iterator[str | None]:
    for row in rows:
        yield from (one["assignment_group"] for one in (*row.tasks, *row.children))
        yield from (each.get("group") for each in row.waiting or [])


async def _operation(
    connection: AsyncConnection, row: Any, names: DirectoryWords, viewer: Viewer
) -> Operation:
    resolved = await configuration.get(connection, row.configuration)
    organisation = resolved.organisation
    item = organisation.catalog[row.item]
    answers = open_answers(organisation, row.item, row.answers, row.effective_at)
    fields = record_fields(row._asdict(), names, viewer.language)
    parts = {
        one["number"]: RecordView(**record_fields(one, names, viewer.language))
        for one in (*row.tasks, *row.children)
    }
    line = LineView(**fields, progress=row.progress, variables=answers)
    return operation_of(line, item, parts, viewer.now, organisation.calendars[item.calendar].zone)


def operation_of(
    line: LineView, item: CatalogItem, parts: Mapping[str, RecordView], now: datetime, zone: str
) -> Operation:
    """The line of an item that is one; ``parts`` are its tasks and child requests by number."""
    done, _, steps = (line.progress or "0/0").partition("/")
    assert item.people_operation is not None
    return Operation(
        kind=item.people_operation,
        line=line,
        person=future_person(item, line) or line.caller.name,
        zone=zone,
        done=int(done),
        steps=int(steps),
        lacks=[lack_of(each, parts, now) for each in line.waiting] if line.open else [],
    )


def future_person(item: CatalogItem, line: LineView) -> str | None:
    """The name of somebody who is not in the directory yet, from the field that says who it is about."""
    named = line.variables.get(item.beneficiary or "")
    return str(named["name"]) if isinstance(named, dict) and "name" in named else None


def lack_of(waiting: Waiting, parts: Mapping[str, RecordView], now: datetime) -> Lack:
    """What is waited for, with its date: of a task when it was due, also once it runs on as an overdue one; of a
    question when the requester is asked again.
    """
    found = parts.get(waiting.subject)
    until = waiting.until
    if found is not None and waiting.kind is not WaitingKind.REQUESTER:
        until = found.due_at or found.expected_at or until
    past = until is not None and until < now
    return Lack(waiting, found, until, past or (found is not None and found.late))
