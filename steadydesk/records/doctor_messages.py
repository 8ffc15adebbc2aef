"""What an operator should know of the outside: open breakers, dead letters, commands without proof."""

from datetime import datetime, timedelta

from sqlalchemy import DateTime, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.connectors.breaker import BreakerPhase
from steadydesk.contracts.delivery import DeliveryState
from steadydesk.policies.doctor import Symptom
from steadydesk.records.tables.delivery import delivery
from steadydesk.records.tables.effect import breaker
from steadydesk.records.tables.identity import security_event

_LATELY = timedelta(days=1)
_TROUBLED = (DeliveryState.DEAD.value, DeliveryState.UNCONFIRMED.value)


async def examine_messages(connection: AsyncConnection, now: datetime) -> list[Symptom]:
    """None of it breaks a promise to a requester, so nothing of it is serious."""
    phase, until = breaker.c.document["phase"].astext, breaker.c.document["until"].astext
    paused = cast(until, DateTime(timezone=True)) > now
    opened = select(breaker.c.target, until).where(phase != BreakerPhase.CLOSED.value, paused)
    dead = select(delivery.c.target, func.count()).where(delivery.c.state.in_(_TROUBLED))
    forged = select(security_event.c.kind, func.count()).where(security_event.c.at > now - _LATELY)
    texts = (
        ("breaker", opened, "is left alone until {}"),
        ("message", dead.group_by(delivery.c.target), "{} messages failed for good or are unconfirmed"),
        ("security", forged.group_by(security_event.c.kind), "{} within a day"),
    )
    return [
        Symptom(check, name, words.format(value), serious=False)
        for check, query, words in texts
        for name, value in await connection.execute(query)
    ]
