"""Any numbered record: by its number, in lists and queues, with the words of the reader's language."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.agenda import Waiting
from steadydesk.contracts.language import in_language
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.views import RecordView, Why
from steadydesk.policies.rights import Relation
from steadydesk.records.engine import plan_anew, read_in_order
from steadydesk.records.tables.base import NEVER
from steadydesk.records.tables.process import record, sight, soonest
from steadydesk.records.views.latest import latest_seen
from steadydesk.records.views.ordered import Ways, in_any_way, of_items
from steadydesk.records.views.people import Names, names_of
from steadydesk.records.views.record_filter import PROCESSES, Position, RecordFilter, RecordOrder
from steadydesk.records.views.visibility import Viewer, subject_matches, visible

COUNT_CAP = 1_000
"""Counts above it read "1,000+": nobody needs the exact number, and counting 200,000 rows is no read."""

_ASKING = (Relation.REQUESTER.value, Relation.REQUESTED_FOR.value)
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
_PARTS = (RecordKind.REQUEST_LINE.value,)
_NOT_SHOWN = (
    "correlation_id",
    "configuration",
    "progress",
    "people_operation",
    "promised_seconds",
    "taken_seconds",
)


def instant_of(view: RecordView, order: RecordOrder) -> datetime:
    """By which it stands in a list of this order."""
    if order is RecordOrder.EXPECTED:
        return view.expected_at or NEVER
    return view.updated_at if order is RecordOrder.CHANGED else view.opened_at


def asked_for_or_by(viewer: Viewer) -> ColumnElement[bool]:
    """Whether the viewer asked for the process, or it is for them, all of it or a line."""
    numbers = select(sight.c.number).where(
        sight.c.subject == f"p:{viewer.person}", sight.c.why.in_(_ASKING), subject_matches(viewer)
    )
    return record.c.number.in_(numbers)


async def list_records(
    connection: AsyncConnection,
    viewer: Viewer,
    wanted: RecordFilter,
    limit: int,
    after: Position | None = None,
    order: RecordOrder = RecordOrder.CHANGED,
) -> list[RecordView]:
    await prepare(connection, wanted, order)
    statement = chosen(viewer, wanted, limit, after, order)
    return await views_of(connection, (await connection.execute(statement)).all(), viewer.language)


async def prepare(connection: AsyncConnection, wanted: RecordFilter, order: RecordOrder) -> None:
    """Have the page that is read next in this transaction planned as it should be."""
    await (read_in_order if wanted.is_of_latest(order) else plan_anew)(connection)


def chosen(
    viewer: Viewer,
    wanted: RecordFilter,
    limit: int,
    after: Position | None,
    order: RecordOrder,
    ways: Ways | None = None,
) -> Select[Any]:
    """The rows of a page of a list; with ``ways``, of those that are meant in one of them."""

    def page(statement: Select[Any]) -> Select[Any]:
        return _ordered(_filtered(statement, viewer, wanted), order, after).limit(limit)

    if ways is None and wanted.is_of_latest(order):
        return _latest(viewer, wanted, limit, after)
    if ways is None:
        return page(select(record))
    return _ordered(select(record).where(in_any_way(ways, page)), order).limit(limit)


def _latest(viewer: Viewer, wanted: RecordFilter, limit: int, after: Position | None) -> Select[Any]:
    assert wanted.kind is not None
    seen = latest_seen(
        viewer,
        wanted.kind,
        limit,
        (after.at, after.number) if after else None,
        is_open=wanted.open,
        only_own=_ASKING if wanted.own else (),
    )
    statement = select(record).where(record.c.number.in_(seen), *_plain(wanted))
    return _ordered(statement, RecordOrder.CHANGED, after).limit(limit)


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


async def parent_of(connection: AsyncConnection, number: str) -> str | None:
    """The request by whose plan this one was ordered; None where a person did."""
    return await connection.scalar(select(record.c.parent).where(record.c.number == number))


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


def _ordered(statement: Select[Any], order: RecordOrder, after: Position | None = None) -> Select[Any]:
    """From the newest on, or from what is promised soonest."""
    number = record.c.number
    # A row of two is compared, not each for itself, because an index can begin to read there.
    if order is RecordOrder.EXPECTED:
        at = soonest(record)
        if after is not None:
            statement = statement.where(tuple_(at, number) > tuple_(literal(after.at), literal(after.number)))
        return statement.order_by(at, number)
    at = record.c.updated_at if order is RecordOrder.CHANGED else record.c.opened_at
    if after is not None:
        statement = statement.where(tuple_(at, number) < tuple_(literal(after.at), literal(after.number)))
    return statement.order_by(at.desc(), number.desc())


def _filtered(statement: Select[Any], viewer: Viewer, wanted: RecordFilter) -> Select[Any]:
    conditions = [visible(viewer, processes=wanted.kind in PROCESSES), *_plain(wanted)]
    if wanted.kind in _PARTS:
        # Says nothing new, but lets the index of parts by their process be used.
        conditions.append(record.c.number != record.c.owner)
    if wanted.own:
        conditions.append(asked_for_or_by(viewer))
    if wanted.groups is not None:
        conditions.append(record.c.assignment_group.in_(wanted.groups))
    if wanted.item is not None:
        in_order = wanted.kind == RecordKind.REQUEST.value
        conditions.append(of_items([wanted.item]) if in_order else record.c.item == wanted.item)
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
