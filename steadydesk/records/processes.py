"""The document behind a number: read under its lock, written with its version, once per step."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Sequence as SqlSequence
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.numbers import RecordKind, format_number
from steadydesk.records.tables.process import process, record, serials, sight, step_result


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


async def earlier_result(connection: AsyncConnection, number: str, step: str) -> dict[str, Any] | None:
    return await connection.scalar(
        select(step_result.c.result).where(step_result.c.number == number, step_result.c.step == step)
    )


async def create(connection: AsyncConnection, number: str, document: dict[str, Any]) -> None:
    await connection.execute(
        insert(process).values(number=number, version=document["version"], document=document)
    )


async def store(connection: AsyncConnection, number: str, document: dict[str, Any]) -> None:
    await connection.execute(
        update(process)
        .where(process.c.number == number)
        .values(version=document["version"], document=document)
    )


async def remember(connection: AsyncConnection, number: str, step: str, result: dict[str, Any]) -> None:
    await connection.execute(insert(step_result).values(number=number, step=step, result=result))


async def project(connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    """Write the common rows of a process and its parts; all rows have the same columns."""
    if not rows:
        return
    statement = upsert(record)
    fixed = {"number", "kind", "owner", "opened_by", "opened_at"}
    changed = {name: statement.excluded[name] for name in rows[0] if name not in fixed}
    await connection.execute(statement.on_conflict_do_update(index_elements=["number"], set_=changed), rows)


async def let_see(connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    """Give sight of a process: rows of subject, number, why, begins_at, until."""
    if not rows:
        return
    statement = upsert(sight)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["subject", "number", "why"],
            set_={"begins_at": statement.excluded.begins_at, "until": statement.excluded.until},
        ),
        rows,
    )


async def draw_number(connection: AsyncConnection, kind: RecordKind) -> str:
    """The next number of its kind; gaps are allowed, repeats are not."""
    sequence: SqlSequence = serials[kind.value]
    serial = await connection.scalar(select(func.nextval(sequence.name)))
    assert serial is not None
    return format_number(kind, serial)
