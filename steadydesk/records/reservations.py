"""Reserve the number of an order before its process starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.kept_command import KeptCommand
from steadydesk.contracts.request_commands import Order
from steadydesk.records.kept_commands import first_kept, row_of
from steadydesk.records.tables.process import command_key, reservation
from steadydesk.records.tables.text import text_body
from steadydesk.records.texts import NewText, row_of_text

RECEIVED = "received"
"""The state of an order whose number is reserved and whose process has not opened it."""

_WRITE = text(
    """
    WITH kept AS (
        INSERT INTO command_key (actor, key, body_hash, number, update_id, made_at, command, answer_due_at)
        VALUES (:actor, :key, :body_hash, :number, :update_id, :made_at, :command, :answer_due_at)
        ON CONFLICT DO NOTHING RETURNING number
    ), reserved AS (
        INSERT INTO reservation (number, "order", opened_by, reserved_at)
        SELECT number, :order, :opened_by, :made_at FROM kept
    ), written AS (
        INSERT INTO text_body (ref, salt, digest, body, author, written_at)
        SELECT said.ref, said.salt, said.digest, said.body, said.author, :made_at
          FROM kept, jsonb_populate_recordset(CAST(NULL AS text_body), :texts) AS said
    )
    SELECT number FROM kept
    """
).bindparams(
    *(bindparam(column.name, type_=column.type) for column in command_key.columns),
    bindparam("order", type_=reservation.c.order.type),
    bindparam("opened_by", type_=reservation.c.opened_by.type),
    bindparam("texts", type_=text_body.c.body.type),
)


@dataclass(frozen=True)
class Reservation:
    order: Order
    reserved_at: datetime
    opened_at: datetime | None


async def reserve(
    connection: AsyncConnection, order: Order, words: Sequence[NewText], kept: KeptCommand, body_hash: str
) -> KeptCommand:
    """Write the order, the words it refers to and the command that opens it, in one statement. Where another request
    was faster with the same key, nothing is written, and that one's command is returned.
    """
    values = row_of(kept, body_hash) | {
        "order": order.model_dump(mode="json", exclude_defaults=True),
        "opened_by": order.opened_by,
        "texts": [row_of_text(said) for said in words],
    }
    if await connection.scalar(_WRITE, values) is not None:
        return kept
    return await first_kept(connection, kept, body_hash)


async def withdraw(connection: AsyncConnection, number: str) -> bool:
    """Take back an order that has not been opened, so that nothing can open it any more; False where it has been.

    The row's lock decides between this and an opening of the same moment.
    """
    unopened = delete(reservation).where(reservation.c.number == number, reservation.c.opened_at.is_(None))
    return await connection.scalar(unopened.returning(reservation.c.number)) is not None


async def find_reservation(connection: AsyncConnection, number: str, opened_by: str) -> Reservation | None:
    """The reservation of somebody's own order, also once it has been opened."""
    found = select(reservation).where(reservation.c.number == number, reservation.c.opened_by == opened_by)
    row = (await connection.execute(found)).one_or_none()
    return Reservation(Order.model_validate(row.order), row.reserved_at, row.opened_at) if row else None


async def ordered_by(connection: AsyncConnection, numbers: Sequence[str], opened_by: str) -> list[str]:
    """Those of the numbers that are somebody's own orders."""
    own = select(reservation.c.number).where(
        reservation.c.number.in_(numbers), reservation.c.opened_by == opened_by
    )
    return sorted(await connection.scalars(own))
