"""The document behind a number: read under its lock, written with its version, once per step."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Sequence as SqlSequence
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.numbers import RecordKind, format_number
from steadydesk.records.tables.approval import approver
from steadydesk.records.tables.process import process, reservation, serials, step_result


@dataclass(frozen=True)
class Locked:
    """What a write begins with: the document, and the result of the same step where it ran before."""

    document: dict[str, Any]
    result: dict[str, Any] | None


async def lock(connection: AsyncConnection, number: str, step: str) -> Locked | None:
    """The document under a row lock, or None where no process has the number."""
    earlier = (
        select(step_result.c.result)
        .where(step_result.c.number == number, step_result.c.step == step)
        .scalar_subquery()
    )
    row = (
        await connection.execute(
            select(process.c.document, earlier).where(process.c.number == number).with_for_update(of=process)
        )
    ).one_or_none()
    return None if row is None else Locked(row[0], row[1])


async def take_reservation(
    connection: AsyncConnection, number: str, step: str, at: datetime
) -> Locked | None:
    """The reserved order under a row lock, marked as opened; or None where nothing was reserved."""
    earlier = (
        select(step_result.c.result)
        .where(step_result.c.number == number, step_result.c.step == step)
        .scalar_subquery()
    )
    row = (
        await connection.execute(
            update(reservation)
            .where(reservation.c.number == number)
            .values(opened_at=func.coalesce(reservation.c.opened_at, at))
            .returning(reservation.c.order, earlier)
        )
    ).one_or_none()
    return None if row is None else Locked(row[0], row[1])


async def earlier_result(connection: AsyncConnection, number: str, step: str) -> dict[str, Any] | None:
    return await connection.scalar(
        select(step_result.c.result).where(step_result.c.number == number, step_result.c.step == step)
    )


async def release_approver(connection: AsyncConnection, gate: str, person: str) -> None:
    """Take a gate out of the inbox of somebody who did not vote and is not asked any more."""
    await connection.execute(
        update(approver)
        .where(approver.c.gate == gate, approver.c.person == person, approver.c.state == "requested")
        .values(state="not_required")
    )


async def draw_number(connection: AsyncConnection, kind: RecordKind) -> str:
    """The next number of its kind; gaps are allowed, repeats are not."""
    sequence: SqlSequence = serials[kind.value]
    serial = await connection.scalar(select(func.nextval(sequence.name)))
    assert serial is not None
    return format_number(kind, serial)
