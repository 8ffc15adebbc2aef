"""Any numbered record: by its number, in lists and queues, with the words of the reader's language."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.agenda import Waiting
from steadydesk.contracts.language import in_language
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.views import RecordView, Why
from steadydesk.records.engine import plan_anew
from steadydesk.records.tables.process import record
from steadydesk.records.views.people import Names, names_of
from steadydesk.records.views.visibility import Viewer, visible

COUNT_CAP = 1_000
"""Counts above it read "1,000+": nobody needs the exact number, and counting 200,000 rows is no read."""

_PROCESSES = (RecordKind.REQUEST.value, RecordKind.GRANT.value)
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
    function: str | None = None
    parent: str | None = None
    late: bool | None = None
    updated_since: datetime | None = None


@dataclass(frozen=True)
class Position:
    """The last row of the page before; lists run from the newest change to the oldest."""

    updated_at: datetime
    number: str


async def list_records(
    connection: AsyncConnection,
    viewer: Viewer,
    wanted: RecordFilter,
    limit: int,
    after: Position | None = None,
) -> list[RecordView]:
    statement = _filtered(select(record), viewer, wanted)
    if after is not None:
        older = record.c.updated_at < after.updated_at
        same = and_(record.c.updated_at == after.updated_at, record.c.number < after.number)
        statement = statement.where(or_(older, same))
    statement = statement.order_by(record.c.updated_at.desc(), record.c.number.desc()).limit(limit)
    await plan_anew(connection)
    return await views_of(connection, (await connection.execute(statement)).all(), viewer.language)


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


def _filtered(statement: Select[Any], viewer: Viewer, wanted: RecordFilter) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = [visible(viewer, processes=wanted.kind in _PROCESSES)]
    for name in (
        "kind",
        "state",
        "opened_by",
        "caller",
        "assignment_group",
        "assigned_to",
        "item",
        "function",
        "parent",
    ):
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(record.c[name] == value)
    for name in ("open", "late"):
        flag = getattr(wanted, name)
        if flag is not None:
            conditions.append(record.c[name].is_(flag))
    if wanted.kind in _PARTS:
        # Says nothing new, but lets the index of parts by their process be used.
        conditions.append(record.c.number != record.c.owner)
    if wanted.groups is not None:
        conditions.append(record.c.assignment_group.in_(wanted.groups))
    if wanted.updated_since is not None:
        conditions.append(record.c.updated_at >= wanted.updated_since)
    return statement.where(*conditions)
