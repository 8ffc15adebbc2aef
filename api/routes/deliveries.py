"""Dead letters: what could not be delivered, for operators; states and numbers, no words."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path

from api.paging import DEFAULT_LIMIT, After, Limit
from api.problems import refusals
from api.requests_read import viewer_of
from api.security import Caller, Operator
from api.state import ServicesOf
from steadydesk.contracts.page import Page, cursor, instant_and_key
from steadydesk.contracts.subscription import DeadLetter, Delivery
from steadydesk.errors import Conflict, InvalidInput, NotAllowed, UnknownRecord
from steadydesk.orchestration.deliveries import try_to_wake
from steadydesk.records import delivery_log
from steadydesk.records.engine import Connection
from steadydesk.records.views.trouble import known_numbers

router = APIRouter(prefix="/deliveries", tags=["deliveries"], responses=refusals(NotAllowed))

DeliveryId = Annotated[str, Path(pattern=r"^d_[0-9a-f]{32}$")]


@router.get("/dead-letters", responses=refusals(InvalidInput))
async def list_dead_letters(
    caller: Operator, services: ServicesOf, after: After = None, limit: Limit = DEFAULT_LIMIT
) -> Page[DeadLetter]:
    """What failed for good, and mails of which nobody knows whether they arrived; the newest first. Of a restricted
    record that you do not see, neither number nor recipient.
    """
    before = instant_and_key(after)
    async with services.engine.connect() as connection:
        found = await delivery_log.dead_letters(connection, limit=limit, before=before)
        shown = await _as_seen(connection, caller, found)
    last = found[-1] if len(found) == limit else None
    more = cursor(last.ended_at.isoformat(), last.id) if last is not None and last.ended_at else None
    return Page(items=shown, after=more)


@router.post("/{delivery_id}/retry", responses=refusals(UnknownRecord, Conflict))
async def retry_delivery(caller: Operator, services: ServicesOf, delivery_id: DeliveryId) -> DeadLetter:
    """Send it once more, now. The reader of an unconfirmed mail may then have it twice."""
    async with services.engine.begin() as connection:
        queued = await delivery_log.retry(connection, delivery_id, caller.now)
        [shown] = await _as_seen(connection, caller, [queued])
        await caller.author.did(connection, "delivery.retried", delivery_id, target=queued.target)
    await try_to_wake(services.temporal, queued.target)
    return shown


async def _as_seen(connection: Connection, caller: Caller, found: Sequence[Delivery]) -> list[DeadLetter]:
    known = await known_numbers(connection, viewer_of(caller), [one.number for one in found])
    hidden = {"number", "recipient"}
    return [DeadLetter(**one.model_dump(exclude=None if one.number in known else hidden)) for one in found]
