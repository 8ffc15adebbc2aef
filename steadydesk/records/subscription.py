"""Webhook subscriptions: who gets which events where, signed with what, and what is sent once more."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.delivery import Channel
from steadydesk.contracts.subscription import NewSubscription, Replayed, Subscription, SubscriptionEdit
from steadydesk.errors import Conflict, UnknownRecord
from steadydesk.policies.assertion import Keyring
from steadydesk.policies.delivery import Planned
from steadydesk.records.delivery_fanout import delivery_row, newest, outgoing, subscribers
from steadydesk.records.identifiers import new_id
from steadydesk.records.row_version import edit_row, stale
from steadydesk.records.sealed import UnsealError, is_current, seal, unseal
from steadydesk.records.tables.delivery import delivery, outbox, subscription

ROTATION = timedelta(hours=24)
"""For how long messages carry a signature of the previous secret too."""
REPLAY_LIMIT = 10_000
_RENEWED = ("state", "next_at", "queued_at", "ended_at", "problem")
_SECRET_BYTES = 32
_READ = tuple(subscription.c[name] for name in Subscription.model_fields if name != "secret")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a subscription's messages go, and with which secrets they are signed, the newest first."""

    url: str
    owner: str
    secrets: Sequence[str]


def new_secret() -> str:
    """A signing secret as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")


async def create(
    connection: AsyncConnection, owner: str, new: NewSubscription, keyring: Keyring, now: datetime
) -> Subscription:
    """Store it; events from now on are sent. The answer alone carries the secret; the database has it sealed."""
    secret, identity = new_secret(), new_id("wh")
    row = {
        "id": identity,
        "owner": owner,
        "url": new.url,
        "label": new.label,
        "events": list(new.events),
        "sealed_secret": seal(keyring, secret, identity),
        "cursor": await newest(connection),
        "made_at": now,
    }
    made = (await connection.execute(insert(subscription).values(row).returning(*_READ))).one()
    return _read(made, secret)


async def listed(connection: AsyncConnection, owner: str | None) -> list[Subscription]:
    """Those of ``owner``, or of everybody for None; ended ones stay listed until they are deleted."""
    statement = select(*_READ).order_by(subscription.c.made_at, subscription.c.id)
    if owner is not None:
        statement = statement.where(subscription.c.owner == owner)
    return [_read(row) for row in await connection.execute(statement)]


async def get(connection: AsyncConnection, subscription_id: str) -> Subscription:
    """Raises UnknownRecord."""
    row = (await connection.execute(select(*_READ).where(subscription.c.id == subscription_id))).one_or_none()
    if row is None:
        raise UnknownRecord(f"There is no subscription {subscription_id}.")
    return _read(row)


async def edit(
    connection: AsyncConnection,
    subscription_id: str,
    change: SubscriptionEdit,
    version: int | None,
    now: datetime,
) -> Subscription:
    """Change what is given; switching it on again ends its end."""
    values: dict[str, Any] = change.model_dump(exclude_unset=True, mode="json")
    if "active" in values:
        values["ended_at"] = None if values["active"] else now
    return await _write(connection, subscription_id, version, values)


async def rotate(
    connection: AsyncConnection, subscription_id: str, version: int | None, keyring: Keyring, now: datetime
) -> Subscription:
    """Draw a new secret; the old one signs beside it for a day. The answer alone carries the new one."""
    secret = new_secret()
    values = {
        "sealed_previous": subscription.c.sealed_secret,
        "previous_until": now + ROTATION,
        "sealed_secret": seal(keyring, secret, subscription_id),
    }
    return (await _write(connection, subscription_id, version, values)).model_copy(update={"secret": secret})


async def remove(connection: AsyncConnection, subscription_id: str) -> None:
    """Forget it; what is still queued for it is withheld. Raises UnknownRecord."""
    removed = await connection.execute(delete(subscription).where(subscription.c.id == subscription_id))
    if removed.rowcount == 0:
        raise UnknownRecord(f"There is no subscription {subscription_id}.")


async def gone(connection: AsyncConnection, subscription_id: str, now: datetime) -> None:
    """The receiver said that it wants no more."""
    await connection.execute(
        update(subscription)
        .where(subscription.c.id == subscription_id, subscription.c.active)
        .values(active=False, ended_at=now, version=subscription.c.version + 1)
    )


async def endpoint(
    connection: AsyncConnection, subscription_id: str, keyring: Keyring, now: datetime
) -> Endpoint | None:
    """Where to send now, or None where the subscription has ended; UnsealError where its secrets cannot be read."""
    chosen = select(subscription).where(subscription.c.id == subscription_id, subscription.c.active)
    row = (await connection.execute(chosen)).one_or_none()
    if row is None:
        return None
    sealed = [row.sealed_secret]
    if row.sealed_previous and row.previous_until and now < row.previous_until:
        sealed.append(row.sealed_previous)
    return Endpoint(row.url, row.owner, [unseal(keyring, one, subscription_id) for one in sealed])


async def seal_anew(connection: AsyncConnection, keyring: Keyring) -> int:
    """Seal with the current key what an older one sealed, so that the older one may go; how many secrets. One that
    no key opens stays, for its owner to renew.
    """
    rows = (await connection.execute(select(subscription).with_for_update())).all()
    count = 0
    for row in rows:
        values = {
            name: text
            for name in ("sealed_secret", "sealed_previous")
            if (text := _sealed_anew(keyring, getattr(row, name), row.id)) is not None
        }
        if values:
            await connection.execute(update(subscription).where(subscription.c.id == row.id).values(values))
        count += len(values)
    return count


def _sealed_anew(keyring: Keyring, sealed: str | None, place: str) -> str | None:
    if sealed is None or is_current(keyring, sealed):
        return None
    try:
        return seal(keyring, unseal(keyring, sealed, place), place)
    except UnsealError:
        return None


async def replay(connection: AsyncConnection, subscription_id: str, after: int, now: datetime) -> Replayed:
    """Queue once more every event after ``after`` that the subscription takes and its owner may see now, of at
    most REPLAY_LIMIT rows of the outbox; how many, and where to go on. The ids stay, so a receiver knows what it
    has had. Raises Conflict where it has ended, UnknownRecord.
    """
    if not (await get(connection, subscription_id)).active:
        raise Conflict("The subscription has ended; switch it on again before a replay.")
    stream = (
        select(outbox)
        .where(outbox.c.seq > after, outbox.c.fanned_out_at.is_not(None))
        .order_by(outbox.c.seq)
        .limit(REPLAY_LIMIT)
    )
    rows = [outgoing(row) for row in await connection.execute(stream)]
    taken = await subscribers(connection, rows, now, replay_to=subscription_id)
    queued = [delivery_row(row, Planned(Channel.WEBHOOK, subscription_id), now) for row, _ in taken]
    if queued:
        statement = upsert(delivery)
        again = {name: statement.excluded[name] for name in _RENEWED} | {"attempts": 0}
        ended = delivery.c.ended_at.is_not(None)
        await connection.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_=again, where=ended), queued
        )
    reached = rows[-1].seq if rows else after
    return Replayed(queued=len(queued), after=reached, more=len(rows) == REPLAY_LIMIT)


async def _write(
    connection: AsyncConnection, subscription_id: str, version: int | None, values: dict[str, Any]
) -> Subscription:
    mine = subscription.c.id == subscription_id
    row = await edit_row(connection, subscription, mine, version, values, _READ)
    if row is None:
        raise stale("subscription", (await get(connection, subscription_id)).version, version)
    return _read(row)


def _read(row: Row[Any], secret: str | None = None) -> Subscription:
    fields = {column.name: getattr(row, column.name) for column in _READ}
    return Subscription.model_validate({**fields, "secret": secret})
