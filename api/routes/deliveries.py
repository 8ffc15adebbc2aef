"""Dead letters: what could not be delivered, for operators; states and numbers, no words."""

from typing import Annotated

from fastapi import APIRouter, Path

from api.paging import DEFAULT_LIMIT, After, Limit
from api.problems import refusals
from api.security import Operator
from api.state import ServicesOf
from steadydesk.contracts.page import Page, cursor, instant_and_key
from steadydesk.contracts.subscription import Delivery
from steadydesk.errors import Conflict, InvalidInput, NotAllowed, UnknownRecord
from steadydesk.orchestration.deliveries import try_to_wake
from steadydesk.records import delivery_log

router = APIRouter(prefix="/deliveries", tags=["deliveries"], responses=refusals(NotAllowed))

DeliveryId = Annotated[str, Path(pattern=r"^d_[0-9a-f]{32}$")]


@router.get("/dead-letters", responses=refusals(InvalidInput))
async def list_dead_letters(
    caller: Operator, services: ServicesOf, after: After = None, limit: Limit = DEFAULT_LIMIT
) -> Page[Delivery]:
    """What failed for good, and mails of which nobody knows whether they arrived; the newest first."""
    del caller
    before = instant_and_key(after)
    async with services.engine.connect() as connection:
        found = await delivery_log.dead_letters(connection, limit=limit, before=before)
    last = found[-1] if len(found) == limit else None
    more = cursor(last.ended_at.isoformat(), last.id) if last is not None and last.ended_at else None
    return Page(items=found, after=more)


@router.post("/{delivery_id}/retry", responses=refusals(UnknownRecord, Conflict))
async def retry_delivery(caller: Operator, services: ServicesOf, delivery_id: DeliveryId) -> Delivery:
    """Send it once more, now. The reader of an unconfirmed mail may then have it twice."""
    async with services.engine.begin() as connection:
        queued = await delivery_log.retry(connection, delivery_id, caller.now)
        await caller.author.did(connection, "delivery.retried", delivery_id, target=queued.target)
    await try_to_wake(services.temporal, queued.target)
    return queued
