"""Fan-out: rows of the outbox become deliveries and in-app entries, each exactly once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.delivery import (
    MAIL,
    PROCESSES,
    Channel,
    DeliveryState,
    FanOutDone,
    webhook_target,
)
from steadydesk.contracts.event_type import EventType
from steadydesk.contracts.events import event_type
from steadydesk.policies.delivery import Addressee, Planned, delivery_id, plan_people, subscribes
from steadydesk.records.delivery_audience import audience, who_sees
from steadydesk.records.delivery_content import Content
from steadydesk.records.tables.delivery import delivery, in_app, outbox, subscription
from steadydesk.records.tables.directory import person

_AT_ONCE = 1000
"""Rows of one INSERT; PostgreSQL takes 65,535 parameters."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A row of the outbox with its event type."""

    seq: int
    id: str
    event: EventType
    number: str
    audience: Sequence[str]
    at: datetime


async def fan_out(connection: AsyncConnection, *, now: datetime, limit: int, mail: bool) -> FanOutDone:
    """Take up to ``limit`` waiting rows in their order and write what follows from each, in one transaction.

    ``mail`` is whether there is a mail server; without one the in-app list alone keeps the messages.
    """
    rows = await _take(connection, limit)
    planned = await _to_people(connection, rows, now, mail=mail)
    for row in rows:
        if row.event.to_process and not row.audience:
            planned[row.seq].append(Planned(Channel.PROCESS, row.number))
    for row, subscriber in await subscribers(connection, rows, now):
        planned[row.seq].append(Planned(Channel.WEBHOOK, subscriber))
    targets = await _write(connection, rows, planned, now)
    await connection.execute(
        update(outbox).where(outbox.c.seq.in_([row.seq for row in rows])).values(fanned_out_at=now)
    )
    listed = {one.recipient for plans in planned.values() for one in plans if one.channel is Channel.IN_APP}
    return FanOutDone(
        rows=len(rows), targets=sorted(targets), more=len(rows) == limit, listed=frozenset(listed)
    )


async def _take(connection: AsyncConnection, limit: int) -> list[Outgoing]:
    waiting = (
        select(outbox)
        .where(outbox.c.fanned_out_at.is_(None))
        .order_by(outbox.c.seq)
        .limit(limit)
        .with_for_update()
    )
    return [outgoing(row) for row in await connection.execute(waiting)]


def outgoing(row: Row[Any]) -> Outgoing:
    """The outbox row with the event type of its key."""
    return Outgoing(row.seq, row.id, event_type(row.event), row.number, row.audience, row.at)


async def _to_people(
    connection: AsyncConnection, rows: Sequence[Outgoing], now: datetime, *, mail: bool
) -> dict[int, list[Planned]]:
    people: dict[int, list[Addressee]] = {}
    for about_record in (True, False):
        asked = [row.seq for row in rows if row.event.about_record is about_record]
        people |= await audience(connection, asked, now, about_none=not about_record)
    return {row.seq: plan_people(row.event, people.get(row.seq, ()), mail=mail) for row in rows}


async def subscribers(
    connection: AsyncConnection, rows: Iterable[Outgoing], now: datetime, *, replay_to: str | None = None
) -> list[tuple[Outgoing, str]]:
    """Each row with each active subscription that takes it and whose owner may see what it is about.

    ``replay_to`` asks for one subscription alone, which may also have rows from before it was made.
    """
    wanted = select(subscription).join(person, person.c.id == subscription.c.owner)
    wanted = wanted.where(subscription.c.active, person.c.active)
    if replay_to is not None:
        wanted = wanted.where(subscription.c.id == replay_to)
    active = (await connection.execute(wanted)).all()
    pairs = [
        (row, one)
        for row in rows
        for one in active
        if (replay_to or row.seq > one.cursor) and subscribes(one.events, row.event)
    ]
    seen: dict[bool, set[tuple[str, str]]] = {}
    for about_record in (True, False):
        asked = {(row.number, one.owner) for row, one in pairs if row.event.about_record is about_record}
        seen[about_record] = await who_sees(connection, asked, now, about_none=not about_record)
    return [(row, one.id) for row, one in pairs if (row.number, one.owner) in seen[row.event.about_record]]


async def _write(
    connection: AsyncConnection,
    rows: Sequence[Outgoing],
    planned: Mapping[int, Sequence[Planned]],
    now: datetime,
) -> set[str]:
    """Insert all that is planned; the targets that have something to send."""
    entries = [(row, plan) for row in rows for plan in planned[row.seq]]
    listed = [_entry(row, plan) for row, plan in entries if plan.channel is Channel.IN_APP]
    queued = [delivery_row(row, plan, now) for row, plan in entries if plan.channel is not Channel.IN_APP]
    for place in range(0, len(listed), _AT_ONCE):
        await connection.execute(upsert(in_app).on_conflict_do_nothing(), listed[place : place + _AT_ONCE])
    for place in range(0, len(queued), _AT_ONCE):
        await connection.execute(upsert(delivery).on_conflict_do_nothing(), queued[place : place + _AT_ONCE])
    return {row["target"] for row in queued if row["state"] == DeliveryState.QUEUED.value}


def _entry(row: Outgoing, plan: Planned) -> dict[str, Any]:
    return {
        "person": plan.recipient,
        "outbox_id": row.id,
        "event": row.event.key,
        "number": row.number,
        "at": row.at,
    }


def delivery_row(row: Outgoing, plan: Planned, now: datetime) -> dict[str, Any]:
    """The row of a new delivery, due at once unless it is suppressed."""
    state = DeliveryState.QUEUED if plan.suppressed is None else DeliveryState.SUPPRESSED
    return {
        "id": delivery_id(row.id, plan.channel, plan.recipient),
        "outbox_id": row.id,
        "seq": row.seq,
        "number": row.number,
        "channel": plan.channel.value,
        "target": target_of(plan),
        "recipient": plan.recipient,
        "state": state.value,
        "next_at": now if plan.suppressed is None else None,
        "problem": plan.suppressed,
        "queued_at": now,
        "ended_at": None if plan.suppressed is None else now,
    }


def target_of(plan: Planned) -> str:
    """Which delivery workflow serves it."""
    if plan.channel is Channel.WEBHOOK:
        return webhook_target(plan.recipient)
    return PROCESSES if plan.channel is Channel.PROCESS else MAIL


async def newest(connection: AsyncConnection) -> int:
    """The highest position of the outbox: where a new subscription begins."""
    return await connection.scalar(select(func.coalesce(func.max(outbox.c.seq), 0))) or 0


async def still_sees(
    connection: AsyncConnection, messages: Sequence[tuple[Content, str]], now: datetime
) -> set[str]:
    """Ids of those deliveries whose person (the recipient or owner) may see what they are about now."""
    seen: set[str] = set()
    for about_record in (True, False):
        asked = [pair for pair in messages if pair[0].event.about_record is about_record]
        pairs = {(content.number, whose) for content, whose in asked}
        allowed = await who_sees(connection, pairs, now, about_none=not about_record)
        seen |= {content.id for content, whose in asked if (content.number, whose) in allowed}
    return seen
