"""The log of deliveries: what became of each message, the dead letters, and sending one of them again."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.delivery import Channel, DeliveryState
from steadydesk.contracts.subscription import Delivery
from steadydesk.errors import Conflict, UnknownRecord
from steadydesk.records.tables.delivery import delivery, outbox
from steadydesk.records.tables.effect import breaker

_TROUBLED = (DeliveryState.DEAD.value, DeliveryState.UNCONFIRMED.value)
_FIELDS = [name for name in Delivery.model_fields if name not in ("sequence", "event")]


def _deliveries() -> Select[*tuple[Any, ...]]:
    return select(delivery, outbox.c.event).join(outbox, outbox.c.seq == delivery.c.seq)


async def log_of(
    connection: AsyncConnection, target: str, *, limit: int, before: int | None = None
) -> list[Delivery]:
    """Deliveries to one target, the newest first, from below position ``before``."""
    statement = _deliveries().where(delivery.c.target == target)
    if before is not None:
        statement = statement.where(delivery.c.seq < before)
    found = await connection.execute(statement.order_by(delivery.c.seq.desc()).limit(limit))
    return [_read(row) for row in found]


async def dead_letters(
    connection: AsyncConnection, *, limit: int, before: tuple[datetime, str] | None = None
) -> list[Delivery]:
    """What failed for good and mails of unknown outcome, the newest first, from below (ended_at, id)."""
    statement = _deliveries().where(delivery.c.state.in_(_TROUBLED))
    if before is not None:
        statement = statement.where(tuple_(delivery.c.ended_at, delivery.c.id) < tuple_(*before))
    newest = (delivery.c.ended_at.desc(), delivery.c.id.desc())
    return [_read(row) for row in await connection.execute(statement.order_by(*newest).limit(limit))]


async def retry(connection: AsyncConnection, delivery_id: str, now: datetime) -> Delivery:
    """Queue a dead letter once more, and let its target be tried at once. Of an unconfirmed mail the person who
    asks for it knows that the reader may see it twice. Raises UnknownRecord, or Conflict for what did not fail.
    """
    again = (
        update(delivery)
        .where(delivery.c.id == delivery_id, delivery.c.state.in_(_TROUBLED))
        .values(
            state=DeliveryState.QUEUED.value,
            attempts=0,
            next_at=now,
            queued_at=now,
            ended_at=None,
            problem=None,
        )
        .returning(delivery.c.target)
    )
    target = await connection.scalar(again)
    row = (await connection.execute(_deliveries().where(delivery.c.id == delivery_id))).one_or_none()
    if row is None:
        raise UnknownRecord(f"There is no delivery {delivery_id}.")
    if target is None:
        raise Conflict(f"The delivery is {row.state}; only one that failed can be sent again.")
    await connection.execute(delete(breaker).where(breaker.c.target == target))
    return _read(row)


def _read(row: Row[Any]) -> Delivery:
    values = {name: getattr(row, name) for name in _FIELDS}
    return Delivery(**values | {"sequence": row.seq, "event": row.event, "channel": Channel(row.channel)})
