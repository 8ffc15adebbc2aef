"""Webhook subscriptions: made and kept by their owner, replayed from any position, with a log."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.paging import DEFAULT_LIMIT, After, Limit
from api.positions import descending, position_of
from api.problems import refusals
from api.security import AccountHolder, Caller
from api.services import Services
from api.state import ServicesOf
from api.versions import IfMatch, set_etag
from steadydesk.contracts.delivery import webhook_target
from steadydesk.contracts.page import Page
from steadydesk.contracts.subscription import (
    Delivery,
    NewSubscription,
    Replay,
    Replayed,
    Subscription,
    SubscriptionEdit,
)
from steadydesk.errors import Conflict, InvalidInput, NotAllowed, StaleVersion, UnknownRecord, VersionRequired
from steadydesk.orchestration.deliveries import check_target, try_to_wake
from steadydesk.policies.rights import Permission
from steadydesk.records import delivery_log
from steadydesk.records import subscription as records
from steadydesk.records.engine import Connection

router = APIRouter(prefix="/subscriptions", tags=["subscriptions"], responses=refusals(NotAllowed))

SubscriptionId = Annotated[str, Path(pattern=r"^wh_[a-z2-7]{12}$")]


@router.get("")
async def list_subscriptions(caller: AccountHolder, services: ServicesOf) -> list[Subscription]:
    """Yours; operators see everybody's. Never their secrets."""
    owner = None if caller.may(Permission.OPERATE) else caller.id
    async with services.engine.connect() as connection:
        return await records.listed(connection, owner)


@router.post("", status_code=201, responses=refusals(InvalidInput))
async def subscribe(
    caller: AccountHolder, services: ServicesOf, response: Response, new: NewSubscription
) -> Subscription:
    """Events from now on are sent, as far as you may see what they are about. The secret is in this answer
    and nowhere else.
    """
    await check_target(new.url, services.settings.egress_allow)
    async with services.engine.begin() as connection:
        made = await records.create(connection, caller.id, new, services.keyring, caller.now)
        await caller.author.did(connection, "subscription.made", made.id, events=made.events)
    set_etag(response, made.version)
    return made


@router.get("/{subscription_id}", responses=refusals(UnknownRecord))
async def read_subscription(
    caller: AccountHolder, services: ServicesOf, response: Response, subscription_id: SubscriptionId
) -> Subscription:
    """One of yours, without its secret."""
    async with services.engine.connect() as connection:
        found = await _mine(connection, caller, subscription_id)
    set_etag(response, found.version)
    return found


@router.patch(
    "/{subscription_id}", responses=refusals(InvalidInput, UnknownRecord, StaleVersion, VersionRequired)
)
async def edit_subscription(
    caller: AccountHolder,
    services: ServicesOf,
    response: Response,
    subscription_id: SubscriptionId,
    change: SubscriptionEdit,
    version: IfMatch,
) -> Subscription:
    """Another address, other events, or on and off."""
    if change.url is not None:
        await check_target(change.url, services.settings.egress_allow)
    async with services.engine.begin() as connection:
        await _mine(connection, caller, subscription_id)
        changed = await records.edit(connection, subscription_id, change, version, caller.now)
        fields = sorted(change.model_fields_set)
        await caller.author.did(connection, "subscription.edited", subscription_id, fields=fields)
    set_etag(response, changed.version)
    return changed


@router.delete("/{subscription_id}", status_code=204, responses=refusals(UnknownRecord))
async def remove_subscription(
    caller: AccountHolder, services: ServicesOf, subscription_id: SubscriptionId
) -> None:
    """It is forgotten; what was still to be sent is not."""
    async with services.engine.begin() as connection:
        await _mine(connection, caller, subscription_id)
        await records.remove(connection, subscription_id)
        await caller.author.did(connection, "subscription.removed", subscription_id)


@router.post("/{subscription_id}/rotate", responses=refusals(UnknownRecord, StaleVersion, VersionRequired))
async def rotate_secret(
    caller: AccountHolder,
    services: ServicesOf,
    response: Response,
    subscription_id: SubscriptionId,
    version: IfMatch,
) -> Subscription:
    """A new secret, shown once. For a day, messages carry a signature of the old one too."""
    async with services.engine.begin() as connection:
        await _mine(connection, caller, subscription_id)
        renewed = await records.rotate(connection, subscription_id, version, services.keyring, caller.now)
        await caller.author.did(connection, "subscription.secret-renewed", subscription_id)
    set_etag(response, renewed.version)
    return renewed


@router.post("/{subscription_id}/replay", status_code=202, responses=refusals(UnknownRecord, Conflict))
async def replay_events(
    caller: AccountHolder, services: ServicesOf, subscription_id: SubscriptionId, replay: Replay
) -> Replayed:
    """Send once more what came after a position, under the same ids, as far as you may see it now. At most 10,000
    positions of the stream, whoever takes them, are read at once: while the answer says `more`, go on from its `after`.
    """
    async with services.engine.begin() as connection:
        await _mine(connection, caller, subscription_id)
        replayed = await records.replay(connection, subscription_id, replay.after, caller.now)
        await caller.author.did(connection, "subscription.replayed", subscription_id, queued=replayed.queued)
    await _wake(services, subscription_id)
    return replayed


@router.get("/{subscription_id}/deliveries", responses=refusals(InvalidInput, UnknownRecord))
async def list_deliveries(
    caller: AccountHolder,
    services: ServicesOf,
    subscription_id: SubscriptionId,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[Delivery]:
    """What became of each message, the newest first."""
    before = position_of(after)
    async with services.engine.connect() as connection:
        await _mine(connection, caller, subscription_id)
        target = webhook_target(subscription_id)
        found = await delivery_log.log_of(connection, target, limit=limit, before=before)
    return descending(found, limit, lambda delivery: delivery.sequence)


async def _mine(connection: Connection, caller: Caller, subscription_id: str) -> Subscription:
    """UnknownRecord for what is not the caller's, unless they operate the whole."""
    found = await records.get(connection, subscription_id)
    if found.owner != caller.id and not caller.may(Permission.OPERATE):
        raise UnknownRecord(f"There is no subscription {subscription_id}.")
    return found


async def _wake(services: Services, subscription_id: str) -> None:
    await try_to_wake(services.temporal, webhook_target(subscription_id))
