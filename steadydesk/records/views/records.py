"""Any numbered record: by its number, in lists and queues, with the words of the reader's language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.agenda import Waiting
from steadydesk.contracts.language import in_language
from steadydesk.contracts.numbers import RecordKind, parse_typed
from steadydesk.contracts.views import RecordView, Why
from steadydesk.records.engine import plan_anew
from steadydesk.records.tables.directory import person
from steadydesk.records.tables.process import record
from steadydesk.records.views.people import Names, names_of
from steadydesk.records.views.visibility import Viewer, visible

_NEVER = datetime(9999, 1, 1, tzinfo=UTC)

COUNT_CAP = 1_000
"""Counts above it read "1,000+": nobody needs the exact number, and counting 200,000 rows is no read."""

_PROCESSES = (RecordKind.REQUEST.value, RecordKind.GRANT.value)
_EQUAL = (
    "kind",
    "state",
    "opened_by",
    "caller",
    "assignment_group",
    "assigned_to",
    "function",
    "parent",
)
_part = record.alias("part")
_PARTS = (RecordKind.REQUEST_LINE.value,)
_NOT_SHOWN = (
    "correlation_id",
    "configuration",
    "progress",
    "people_operation",
    "promised_seconds",
    "taken_seconds",
)


@dataclass(frozen=True)
class RecordFilter:
    """What a list shows; None does not filter."""

    kind: str | None = None
    state: str | None = None
    open: bool | None = None
    opened_by: str | None = None
    caller: str | None = None
    assignment_group: str | None = None
    groups: tuple[str, ...] | None = None
    assigned_to: str | None = None
    item: str | None = None
    """Of a process: something of it is in the order."""
    function: str | None = None
    parent: str | None = None
    late: bool | None = None
    updated_since: datetime | None = None
    text: str | None = None
    """Part of what something in the order is called, of a name of whom it is for, or of its number."""


class RecordOrder(StrEnum):
    CHANGED = "changed"
    OPENED = "opened"
    EXPECTED = "expected"
    """What is promised soonest first, what is not promised at all last."""


@dataclass(frozen=True)
class Position:
    """The last row of the page before, by the instant of the list's order."""

    at: datetime
    number: str


def instant_of(view: RecordView, order: RecordOrder) -> datetime:
    """By which it stands in a list of this order."""
    if order is RecordOrder.EXPECTED:
        return view.expected_at or _NEVER
    return view.updated_at if order is RecordOrder.CHANGED else view.opened_at


async def list_records(
    connection: AsyncConnection,
    viewer: Viewer,
    wanted: RecordFilter,
    limit: int,
    after: Position | None = None,
    order: RecordOrder = RecordOrder.CHANGED,
) -> list[RecordView]:
    await plan_anew(connection)
    statement = chosen(viewer, wanted, limit, after, order)
    return await views_of(connection, (await connection.execute(statement)).all(), viewer.language)


def chosen(
    viewer: Viewer, wanted: RecordFilter, limit: int, after: Position | None, order: RecordOrder
) -> Select[Any]:
    """The rows of a page of a list."""
    return _ordered(_filtered(select(record), viewer, wanted), order, after).limit(limit)


async def count_records(connection: AsyncConnection, viewer: Viewer, wanted: RecordFilter) -> int:
    """How many there are, but never more than ``COUNT_CAP`` + 1."""
    await plan_anew(connection)
    capped = _filtered(select(record.c.number), viewer, wanted).limit(COUNT_CAP + 1).subquery()
    return await connection.scalar(select(func.count()).select_from(capped)) or 0


async def find_record(connection: AsyncConnection, viewer: Viewer, number: str) -> RecordView | None:
    """None for what does not exist and for what the viewer may not see."""
    row = (
        await connection.execute(select(record).where(record.c.number == number, visible(viewer)))
    ).one_or_none()
    return (await views_of(connection, [row], viewer.language))[0] if row else None


async def owner_of(connection: AsyncConnection, number: str) -> str | None:
    """The number whose workflow writes this record, whoever may see it."""
    return await connection.scalar(select(record.c.owner).where(record.c.number == number))


async def configuration_of(connection: AsyncConnection, number: str) -> str | None:
    """The digest of the configuration that the record started with and keeps."""
    return await connection.scalar(select(record.c.configuration).where(record.c.number == number))


async def why(connection: AsyncConnection, viewer: Viewer, number: str) -> Why | None:
    row = (
        await connection.execute(
            select(record.c.state, record.c.open, record.c.waiting).where(
                record.c.number == number, visible(viewer)
            )
        )
    ).one_or_none()
    if row is None:
        return None
    return Why(number=number, state=row.state, open=row.open, waiting=waiting_of(row.waiting))


async def views_of(connection: AsyncConnection, rows: Sequence[Row[Any]], language: str) -> list[RecordView]:
    names = await names_of(
        connection, [person for row in rows for person in (row.opened_by, row.caller, row.assigned_to)]
    )
    return [RecordView(**fields_of(row, names, language)) for row in rows]


def fields_of(row: Row[Any], names: Names, language: str) -> dict[str, Any]:
    """The fields of a RecordView from a row of ``record``."""
    values = row._asdict()
    for hidden in _NOT_SHOWN:
        values.pop(hidden)
    return {
        **values,
        "short_description": in_language(row.short_description, language),
        "amount": float(row.amount) if row.amount is not None else None,
        "opened_by": names.of(row.opened_by),
        "caller": names.of(row.caller),
        "assigned_to": names.maybe(row.assigned_to),
        "waiting": waiting_of(row.waiting),
    }


def waiting_of(stored: list[dict[str, Any]] | None) -> list[Waiting]:
    return [Waiting.model_validate(each) for each in stored or []]


def _ordered(statement: Select[Any], order: RecordOrder, after: Position | None) -> Select[Any]:
    """From the newest on, or from what is promised soonest."""
    if order is RecordOrder.EXPECTED:
        soonest = func.coalesce(record.c.expected_at, literal(_NEVER))
        if after is not None:
            later, same = soonest > after.at, and_(soonest == after.at, record.c.number > after.number)
            statement = statement.where(or_(later, same))
        return statement.order_by(soonest, record.c.number)
    newest = record.c.updated_at if order is RecordOrder.CHANGED else record.c.opened_at
    if after is not None:
        older, same = newest < after.at, and_(newest == after.at, record.c.number < after.number)
        statement = statement.where(or_(older, same))
    return statement.order_by(newest.desc(), record.c.number.desc())


def _holds(text: str, language: str) -> ColumnElement[bool]:
    words = _part.c.short_description
    called = func.coalesce(words[language].astext, words["en"].astext)
    is_it = or_(_has(called, text), _has(_part.c.number, text), _part.c.number == parse_typed(text))
    whose = select(person.c.id).where(person.c.id == record.c.caller)
    return or_(_in_order(is_it), exists(whose.where(_has(person.c.name, text))))


def _in_order(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the process, or a part of it, is so."""
    return exists(select(_part.c.number).where(_part.c.owner == record.c.number, condition))


def _has(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    return func.lower(column).contains(text.lower(), autoescape=True)


def _filtered(statement: Select[Any], viewer: Viewer, wanted: RecordFilter) -> Select[Any]:
    conditions = [visible(viewer, processes=wanted.kind in _PROCESSES), *_plain(wanted)]
    if wanted.kind in _PARTS:
        # Says nothing new, but lets the index of parts by their process be used.
        conditions.append(record.c.number != record.c.owner)
    if wanted.groups is not None:
        conditions.append(record.c.assignment_group.in_(wanted.groups))
    if wanted.item is not None:
        of_any = _in_order(_part.c.item == wanted.item)
        conditions.append(of_any if wanted.kind in _PROCESSES else record.c.item == wanted.item)
    if wanted.text is not None:
        conditions.append(_holds(wanted.text, viewer.language))
    if wanted.updated_since is not None:
        conditions.append(record.c.updated_at >= wanted.updated_since)
    return statement.where(*conditions)


def _plain(wanted: RecordFilter) -> Iterator[ColumnElement[bool]]:
    """Each filter that is the value of a column."""
    for name in _EQUAL:
        value = getattr(wanted, name)
        if value is not None:
            yield record.c[name] == value
    for name in ("open", "late"):
        flag = getattr(wanted, name)
        if flag is not None:
            yield record.c[name].is_(flag)
