"""Reserve the number of an order before its process starts; the sweeper starts those that were forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.request_commands import Order
from steadydesk.errors import SameKeyOtherBody
from steadydesk.records.tables.process import command_key, reservation

FORGOTTEN_AFTER = timedelta(seconds=30)


@dataclass(frozen=True)
class KeptCommand:
    """What an Idempotency-Key stands for: the record, and the update that was sent to it."""

    number: str
    update_id: str


async def kept_command(
    connection: AsyncConnection, actor: str, key: str, body_hash: str
) -> KeptCommand | None:
    """What was done under the key before; SameKeyOtherBody when that was something else."""
    row = (
        await connection.execute(
            select(command_key).where(command_key.c.actor == actor, command_key.c.key == key)
        )
    ).one_or_none()
    if row is None:
        return None
    if row.body_hash != body_hash:
        raise SameKeyOtherBody("this Idempotency-Key was used for another request")
    return KeptCommand(row.number, row.update_id)


async def keep_command(
    connection: AsyncConnection, actor: str, key: str, body_hash: str, kept: KeptCommand, now: datetime
) -> KeptCommand:
    """Keep it, unless another request was faster with the same key: then that one's is returned."""
    statement = upsert(command_key).values(
        actor=actor, key=key, body_hash=body_hash, number=kept.number, update_id=kept.update_id, made_at=now
    )
    inserted = await connection.scalar(statement.on_conflict_do_nothing().returning(command_key.c.number))
    if inserted is not None:
        return kept
    return await kept_command(connection, actor, key, body_hash) or kept


async def reserve(connection: AsyncConnection, order: Order, now: datetime) -> None:
    await connection.execute(
        insert(reservation).values(
            number=order.number,
            order=order.model_dump(mode="json", exclude_defaults=True),
            opened_by=order.opened_by,
            reserved_at=now,
        )
    )


async def forgotten(connection: AsyncConnection, now: datetime, limit: int = 100) -> Sequence[Order]:
    """Reservations whose process never opened, the oldest first."""
    rows = await connection.scalars(
        select(reservation.c.order)
        .where(reservation.c.opened_at.is_(None), reservation.c.reserved_at < now - FORGOTTEN_AFTER)
        .order_by(reservation.c.reserved_at)
        .limit(limit)
    )
    return [Order.model_validate(row) for row in rows]


async def forget_keys(connection: AsyncConnection, before: datetime) -> None:
    """Idempotency-Keys are kept for a time that no client's retries outlast."""
    await connection.execute(delete(command_key).where(command_key.c.made_at < before))


async def find_reservation(connection: AsyncConnection, number: str, opened_by: str) -> Order | None:
    """The reservation of somebody's own order that is still being received."""
    row = await connection.scalar(
        select(reservation.c.order).where(
            reservation.c.number == number, reservation.c.opened_by == opened_by
        )
    )
    return Order.model_validate(row) if row else None
