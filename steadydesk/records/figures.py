"""Figures for monitoring, counted in the database at the moment: states and numbers, nothing of a record."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.records.tables.delivery import delivery, outbox
from steadydesk.records.tables.effect import breaker
from steadydesk.records.tables.identity import security_event
from steadydesk.records.tables.process import reservation, stuck_process


@dataclass(frozen=True)
class Figures:
    outbox_waiting: int
    dead_letters: int
    breakers_open: int
    stuck_processes: int
    orders_received: int
    """Orders with a number whose process has not opened yet."""
    security_events: dict[str, int]
    """By kind, such as ``forged-update`` and ``break-glass``."""


async def figures(connection: AsyncConnection) -> Figures:
    """All of them by two statements."""
    one = (
        await connection.execute(
            select(
                _count(outbox.c.seq, outbox.c.fanned_out_at.is_(None)),
                _count(delivery.c.id, delivery.c.state.in_(("dead", "unconfirmed"))),
                _count(breaker.c.target, breaker.c.document["phase"].astext != "closed"),
                _count(stuck_process.c.number),
                _count(reservation.c.number, reservation.c.opened_at.is_(None)),
            )
        )
    ).one()
    kinds = await connection.execute(
        select(security_event.c.kind, func.count().label("times")).group_by(security_event.c.kind)
    )
    return Figures(*one, security_events={row.kind: row.times for row in kinds})


def _count(column: Any, *conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count(column)).where(*conditions).scalar_subquery()
