"""The document behind a number: read under its lock, written with its version, once per step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Text,
    any_,
    bindparam,
    cast,
    column,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.numbers import RecordKind, format_number
from steadydesk.records.tables.approval import approver
from steadydesk.records.tables.directory import person
from steadydesk.records.tables.process import process, record, reservation, serials, step_result
from steadydesk.records.tables.text import text_body

# Made once: building a statement costs as much as sending it, and every write begins with one of these.
_OF = bindparam("of", type_=Text)
_EARLIER = (
    select(step_result.c.result)
    .where(step_result.c.number == _OF, step_result.c.step == bindparam("as_step", type_=Text))
    .scalar_subquery()
)
_LOCK = (
    select(cast(process.c.document, Text), _EARLIER)
    .where(process.c.number == _OF)
    .with_for_update(of=process)
)
_NEXT = select(func.nextval(bindparam("serials", type_=Text)))
_ORDERED = (
    func.jsonb_array_elements(reservation.c.order["items"])
    .table_valued(column("line", JSONB))
    .render_derived("ordered")
)
_LINES = func.array(
    select(func.nextval(serials[RecordKind.REQUEST_LINE.value].name))
    .select_from(_ORDERED)
    .correlate(reservation)
    .scalar_subquery(),
    type_=ARRAY(BigInteger),
)
_REFS = func.array(
    select(_ORDERED.c.line["variables"]["ref"].astext).correlate(reservation).scalar_subquery(),
    type_=ARRAY(Text),
)
_ANSWERS = (
    select(func.jsonb_object_agg(text_body.c.ref, text_body.c.body, type_=JSONB))
    .where(text_body.c.ref == any_(_REFS), text_body.c.body.is_not(None))
    .correlate(reservation)
    .scalar_subquery()
)
_NAMED = func.array_cat(
    func.array(
        select(_ORDERED.c.line["requested_for"].astext).correlate(reservation).scalar_subquery(),
        type_=ARRAY(Text),
    ),
    array([reservation.c.opened_by, reservation.c.order["requested_for"].astext]),
)
# A step orders also for who left long ago, as the plan by which they leave does: of a child only who left since.
_LEFT = func.array(
    select(person.c.id)
    .where(person.c.id == any_(_NAMED), ~person.c.active)
    .where(
        or_(
            reservation.c.order["parent"].astext.is_(None),
            person.c.id == reservation.c.opened_by,
            func.coalesce(person.c.left_at, person.c.updated_at) >= reservation.c.reserved_at,
        )
    )
    .correlate(reservation)
    .scalar_subquery(),
    type_=ARRAY(Text),
)
_TAKE = (
    update(reservation)
    .where(reservation.c.number == _OF)
    .values(
        opened_at=func.coalesce(reservation.c.opened_at, bindparam("at", type_=reservation.c.opened_at.type))
    )
    .returning(cast(reservation.c.order, Text), _EARLIER, _LINES, _ANSWERS, _LEFT)
)


@dataclass(frozen=True)
class Locked:
    """What a write begins with: the document as JSON, and the result of the same step where it ran before."""

    document: str
    result: dict[str, Any] | None


@dataclass(frozen=True)
class Reserved(Locked):
    """The order as JSON, the number that each of its lines will have, the answers to its forms by reference, and who
    has left of those who ordered it or whom it is for: by id.
    """

    lines: list[str]
    answers: dict[str, Any]
    left: Sequence[str]


async def lock(connection: AsyncConnection, number: str, step: str) -> Locked | None:
    """The document under a row lock, or None where no process has the number."""
    row = (await connection.execute(_LOCK, {"of": number, "as_step": step})).one_or_none()
    return None if row is None else Locked(row[0], row[1])


async def take_reservation(
    connection: AsyncConnection, number: str, step: str, at: datetime
) -> Reserved | None:
    """The reserved order under a row lock, marked as opened; or None where nothing was reserved."""
    row = (await connection.execute(_TAKE, {"of": number, "as_step": step, "at": at})).one_or_none()
    if row is None:
        return None
    lines = [format_number(RecordKind.REQUEST_LINE, serial) for serial in row[2]]
    return Reserved(row[0], row[1], lines, row[3] or {}, row[4])


async def earlier_result(connection: AsyncConnection, number: str, step: str) -> dict[str, Any] | None:
    return await connection.scalar(
        select(step_result.c.result).where(step_result.c.number == number, step_result.c.step == step)
    )


async def keep_refusal(
    connection: AsyncConnection, number: str, step: str, said: Mapping[str, str]
) -> dict[str, Any] | None:
    """Keep what a step was refused with, unless another attempt of it came to an end before. The result that stands;
    None where no process has the number.
    """
    refused = select(literal(number), literal(step), literal({"said": dict(said)}, JSONB))
    statement = upsert(step_result).from_select(
        ["number", "step", "result"], refused.where(exists().where(process.c.number == number))
    )
    await connection.execute(statement.on_conflict_do_nothing())
    return await earlier_result(connection, number, step)


async def is_open(connection: AsyncConnection, number: str) -> bool:
    """Whether the record goes on; False also where there is none."""
    return bool(await connection.scalar(select(record.c.open).where(record.c.number == number)))


async def ended_as(connection: AsyncConnection, number: str) -> str | None:
    """The state in which a record ended; None where it goes on, or was never opened."""
    wanted = select(record.c.state).where(record.c.number == number, record.c.open.is_(False))
    return await connection.scalar(wanted)


async def release_approver(connection: AsyncConnection, gate: str, person: str) -> None:
    """Take a gate out of the inbox of somebody who did not vote and is not asked any more."""
    await connection.execute(
        update(approver)
        .where(approver.c.gate == gate, approver.c.person == person, approver.c.state == "requested")
        .values(state="not_required")
    )


async def draw_number(connection: AsyncConnection, kind: RecordKind) -> str:
    """The next number of its kind; gaps are allowed, repeats are not."""
    serial = await connection.scalar(_NEXT, {"serials": serials[kind.value].name})
    assert serial is not None
    return format_number(kind, serial)
