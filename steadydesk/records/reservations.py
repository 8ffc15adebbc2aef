"""Reserve the number of an order before its process starts."""

from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.request_commands import Order
from steadydesk.records.tables.process import reservation


async def reserve(connection: AsyncConnection, order: Order, now: datetime) -> None:
    await connection.execute(
        insert(reservation).values(
            number=order.number,
            order=order.model_dump(mode="json", exclude_defaults=True),
            opened_by=order.opened_by,
            reserved_at=now,
        )
    )


async def withdraw(connection: AsyncConnection, number: str) -> bool:
    """Take back an order that has not been opened, so that nothing can open it any more; False where it has been.

    The row's lock decides between this and an opening of the same moment.
    """
    unopened = delete(reservation).where(reservation.c.number == number, reservation.c.opened_at.is_(None))
    return await connection.scalar(unopened.returning(reservation.c.number)) is not None


async def find_reservation(connection: AsyncConnection, number: str, opened_by: str) -> Order | None:
    """The reservation of somebody's own order that is still being received."""
    row = await connection.scalar(
        select(reservation.c.order).where(
            reservation.c.number == number, reservation.c.opened_by == opened_by
        )
    )
    return Order.model_validate(row) if row else None
