"""Requests: order, read, follow, comment, cancel, change."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api import commands
from api.answers import etag
from api.commands import IdempotencyKey
from api.opening import Received, numbered_order, open_reserved, reserve_once
from api.ordering import Draft, NewRequest, check_order
from api.requests_read import RequestNumber, show_or_received, viewer_of
from api.security import Caller, Orderer, Reader
from api.services import Services
from api.state import ServicesOf
from steadydesk.contracts.base import Moment
from steadydesk.contracts.kept_command import KeptCommand
from steadydesk.contracts.numbers import RecordKind, is_gate, kind_of
from steadydesk.contracts.page import LARGEST_PAGE, Page, cursor, instant_and_key
from steadydesk.contracts.request import RequestState
from steadydesk.contracts.views import OpenedRequest, RecordView, RequestView
from steadydesk.policies.summary import summary_of
from steadydesk.records.engine import autocommit
from steadydesk.records.organisation import in_force
from steadydesk.records.views import records as views

router = APIRouter(prefix="/requests", tags=["requests"])


@router.post("", status_code=201, responses={202: {"model": Received}})
async def order(
    new: NewRequest, caller: Orderer, services: ServicesOf, response: Response, key: IdempotencyKey = None
) -> OpenedRequest | Received:
    """Order items of the catalogue, all of one function. With an ``Idempotency-Key``, a repeat gets the same answer."""
    kept = await _reserve(services, caller, new, key)
    return await open_reserved(services, response, kept)


async def _reserve(services: Services, caller: Caller, new: NewRequest, key: str | None) -> KeptCommand:
    hashed = commands.body_hash("POST /requests", new)
    async with autocommit(services.engine).connect() as connection:
        kept = await commands.kept_before(connection, caller, key, hashed)
        if kept is not None:
            return kept
        digest, resolved = await in_force(connection)
        draft: Draft = await check_order(connection, caller, new, resolved.organisation, digest)
        order, words = await numbered_order(connection, caller, draft)
        summary = summary_of(resolved.organisation, [line.item for line in new.items])
        return await reserve_once(connection, caller, order, words, key, hashed, summary)


@router.get("")
async def list_requests(
    caller: Reader,
    services: ServicesOf,
    state: RequestState | None = None,
    mine: bool = False,
    item: Annotated[str | None, Query(max_length=63)] = None,
    is_open: Annotated[
        bool | None, Query(alias="open", description="`true`: open ones alone; `false`: closed ones alone.")
    ] = None,
    updated_since: Moment | None = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    after: Annotated[str | None, Query(max_length=500)] = None,
) -> Page[RecordView]:
    """Requests that you may see, the newest change first."""
    wanted = views.RecordFilter(
        kind=RecordKind.REQUEST.value,
        state=state,
        item=item,
        open=is_open,
        opened_by=caller.id if mine else None,
        updated_since=updated_since,
    )
    async with services.engine.connect() as connection:
        found = await views.list_records(connection, viewer_of(caller), wanted, limit, position(after))
    return Page(items=found, after=next_page(found, limit))


def position(after: str | None, kind: RecordKind = RecordKind.REQUEST) -> views.Position | None:
    """Where a list of records of a kind goes on; InvalidInput for a cursor that none gave out."""
    last = instant_and_key(after, lambda number: kind_of(number) is kind and not is_gate(number))
    return views.Position(*last) if last else None


def next_page(found: list[RecordView], limit: int) -> str | None:
    last = found[-1] if len(found) == limit else None
    return cursor(last.updated_at.isoformat(), last.number) if last else None


@router.get("/{number}")
async def show_request(
    number: RequestNumber, caller: Reader, services: ServicesOf, response: Response
) -> RequestView:
    """The request with its lines, tasks and approvals; its ETag is what ``If-Match`` of an action names. Until its
    process has taken it up, whoever ordered it sees what they ordered, in the state ``received``.
    """
    view = await show_or_received(services, caller, number)
    response.headers["ETag"] = etag(view)
    return view
