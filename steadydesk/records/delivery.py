"""The ledger of deliveries: claimed before the words leave, settled when it is known what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, exists, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.delivery import Channel, DeliveryState
from steadydesk.policies.delivery import LEASE, OLDEST, SCHEDULES, Standing, given_up
from steadydesk.records.tables.base import Instant
from steadydesk.records.tables.delivery import delivery, outbox
from steadydesk.records.tables.effect import breaker

_ENDLESS = [channel.value for channel, schedule in SCHEDULES.items() if schedule.for_ever]


def _heads(*conditions: ColumnElement[bool]) -> Subquery:
    """The earliest open delivery of each record to each recipient: only that one may be tried, so that order
    is kept per record.
    """
    # Sorted, not correlated: the plan stays good on a table that grew by thousands within a minute.
    return (
        select(delivery)
        .ext(distinct_on(delivery.c.target, delivery.c.recipient, delivery.c.number))
        .where(delivery.c.ended_at.is_(None), *conditions)
        .order_by(delivery.c.target, delivery.c.recipient, delivery.c.number, delivery.c.seq)
        .subquery("head")
    )


def _open(target: str) -> Select[Any]:
    return select(delivery).where(delivery.c.target == target, delivery.c.ended_at.is_(None))


async def due(connection: AsyncConnection, target: str, now: datetime, limit: int) -> list[str]:
    """Ids of what may be tried now, oldest first; at most one per record and recipient."""
    head = _heads(delivery.c.target == target)
    statement = (
        select(head.c.id)
        .where(head.c.state == DeliveryState.QUEUED.value, head.c.next_at <= now)
        .order_by(head.c.seq)
        .limit(limit)
    )
    return list((await connection.scalars(statement)).all())


async def claim(connection: AsyncConnection, delivery_id: str, now: datetime) -> int | None:
    """Take a queued delivery for sending; the number of this try, or None where somebody else has it."""
    statement = (
        update(delivery)
        .where(delivery.c.id == delivery_id, delivery.c.state == DeliveryState.QUEUED.value)
        .values(state=DeliveryState.SENDING.value, attempts=delivery.c.attempts + 1, next_at=now + LEASE)
        .returning(delivery.c.attempts)
    )
    return await connection.scalar(statement)


async def settle(
    connection: AsyncConnection, delivery_id: str, attempts: int, standing: Standing, now: datetime
) -> bool:
    """Write what became of try number ``attempts``; False where the claim was given up meanwhile."""
    statement = (
        update(delivery)
        .where(
            delivery.c.id == delivery_id,
            delivery.c.state == DeliveryState.SENDING.value,
            delivery.c.attempts == attempts,
        )
        .values(_values(standing, now))
    )
    return (await connection.execute(statement)).rowcount == 1


async def withhold(connection: AsyncConnection, delivery_id: str, reason: str, now: datetime) -> None:
    """End a queued delivery that its recipient may no longer have."""
    standing = Standing(DeliveryState.SUPPRESSED, None, reason)
    await connection.execute(
        update(delivery)
        .where(delivery.c.id == delivery_id, delivery.c.state == DeliveryState.QUEUED.value)
        .values(_values(standing, now))
    )


def _values(standing: Standing, now: datetime) -> dict[str, Any]:
    return {
        "state": standing.state.value,
        "next_at": standing.next_at,
        "problem": standing.problem,
        "ended_at": now if standing.next_at is None else None,
    }


async def give_up_claims(connection: AsyncConnection, target: str, now: datetime) -> int:
    """Settle the claims whose worker died: mails stay unconfirmed, the rest is queued again; how many."""
    stale = (
        await connection.execute(
            _open(target)
            .where(delivery.c.state == DeliveryState.SENDING.value, delivery.c.next_at <= now)
            .with_for_update()
        )
    ).all()
    for row in stale:
        await settle(connection, row.id, row.attempts, given_up(Channel(row.channel), now), now)
    return len(stale)


async def bury_old(connection: AsyncConnection, target: str, now: datetime) -> int:
    """Make dead letters of what an unreachable target has left waiting for too long; how many."""
    standing = Standing(DeliveryState.DEAD, None, f"the target was away for {OLDEST.days} days")
    buried = await connection.execute(
        update(delivery)
        .where(
            delivery.c.target == target,
            delivery.c.ended_at.is_(None),
            delivery.c.state == DeliveryState.QUEUED.value,
            delivery.c.queued_at < now - OLDEST,
            delivery.c.channel.not_in(_ENDLESS),
        )
        .values(_values(standing, now))
    )
    return buried.rowcount


@dataclass(frozen=True, slots=True)
class Left:
    """What a target has still to get, and when the first of it is due."""

    count: int
    next_at: datetime | None


async def left(connection: AsyncConnection, target: str) -> Left:
    """What has not ended. Messages that wait behind an earlier one of their record have no due time."""
    head = _heads(delivery.c.target == target)
    first = select(func.min(head.c.next_at)).scalar_subquery()
    statement = select(func.count(), first).where(delivery.c.target == target, delivery.c.ended_at.is_(None))
    count, next_at = (await connection.execute(statement)).one()
    return Left(count, next_at)


async def unserved(connection: AsyncConnection, before: datetime) -> tuple[bool, Sequence[str]]:
    """What nobody was woken for: whether the outbox has rows from before, and which targets are overdue."""
    waiting = await connection.scalar(
        select(exists().where(outbox.c.fanned_out_at.is_(None), outbox.c.at < before))
    )
    paused = select(breaker.c.target).where(breaker.c.document["until"].astext.cast(Instant) > before)
    head = _heads(delivery.c.target.not_in(paused))
    overdue = select(head.c.target).distinct().where(head.c.next_at < before).order_by(head.c.target)
    return bool(waiting), list((await connection.scalars(overdue)).all())
