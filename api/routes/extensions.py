"""Extend what a request granted: a new order of the same item, approved as the first, that moves the grant's end."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response
from pydantic import Field

from api import commands
from api.commands import IdempotencyKey
from api.extending import Held, why_not_longer
from api.form_answers import check_variables
from api.opening import Received, open_reserved, reserve_once
from api.ordering import check_pre_approval
from api.requests_read import RequestNumber, require, viewer_of
from api.security import Caller, Orderer
from api.state import ServicesOf
from steadydesk.contracts.base import Contract, Day
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.request_commands import Order, OrderedItem
from steadydesk.contracts.views import OpenedRequest
from steadydesk.contracts.words import Words
from steadydesk.errors import InvalidInput, InvalidTransition, Problem, RecordClosed
from steadydesk.policies.order_dates import end_fields
from steadydesk.policies.rights import Verb
from steadydesk.policies.written_date import until_day
from steadydesk.records.engine import Connection, autocommit
from steadydesk.records.grants import GrantView, list_grants
from steadydesk.records.organisation import in_force
from steadydesk.records.processes import draw_number
from steadydesk.records.texts import NewText, prepare
from steadydesk.records.views.records import parent_of
from steadydesk.records.views.requests import answers_of

router = APIRouter(prefix="/requests", tags=["requests"])


class Extension(Contract):
    until: Day = Field(description="The grant's new last day.")
    grant: str | None = Field(
        default=None, description="A GRA number; null where the request granted one thing."
    )
    comment: Words | None = None


@router.post("/{number}/extend", status_code=201, responses={202: {"model": Received}})
async def extend(
    number: RequestNumber,
    body: Extension,
    caller: Orderer,
    services: ServicesOf,
    response: Response,
    key: IdempotencyKey = None,
) -> OpenedRequest | Received:
    """Ask for a later end; the answer is the new request, whose approval moves it. What can no longer be ordered for
    its holder is not extended.
    """
    request = number
    hashed = commands.body_hash(f"extend {request}", body)
    async with autocommit(services.engine).connect() as connection:
        await require(connection, caller, request, Verb.EXTEND)
        kept = await commands.kept_before(connection, caller, key, hashed)
        if kept is None:
            digest, resolved = await in_force(connection)
            grant = await _grant(connection, caller, request, body.grant)
            order, words = await _order(connection, caller, grant, body, digest, resolved.organisation)
            summary = f"Extension of {request}"
            kept = await reserve_once(connection, caller, order, words, key, hashed, summary)
    return await open_reserved(services, response, kept)


async def _grant(connection: Connection, caller: Caller, request: str, wanted: str | None) -> GrantView:
    found = await list_grants(connection, viewer_of(caller), request=request, number=wanted)
    if not found:
        if wanted is not None:
            raise InvalidInput(
                "unknown grant", problems=[Problem("/grant", f"{request} gave no grant with this number")]
            )
        raise InvalidTransition(f"{request} granted nothing that could be extended")
    alive = [grant for grant in found if grant.state == "active"]
    if not alive:
        raise RecordClosed("what was granted has ended; order it again", details={"follow_up": request})
    if len(alive) > 1:
        raise InvalidInput(
            "several grants; name one",
            problems=[Problem("/grant", ", ".join(grant.number for grant in alive))],
        )
    return alive[0]


async def _order(
    connection: Connection,
    caller: Caller,
    grant: GrantView,
    body: Extension,
    digest: str,
    organisation: Organisation,
) -> tuple[Order, list[NewText]]:
    key, answers, holder, future = await answers_of(connection, grant.request, grant.line)
    await _must_be_orderable(connection, caller, organisation, grant.request, key, holder)
    item = organisation.catalog[key]
    fields = end_fields(item)
    if not fields:
        raise InvalidInput("this item has no end that could be moved", pointer="/until")
    check_pre_approval(caller, organisation, key, "/until")
    _must_be_later(body.until, grant, organisation.calendars[item.calendar].zone)
    variables: dict[str, Any] = {**answers, fields[0]: body.until.isoformat()}
    # The answers are those of the first order: whom they name may have left since.
    faults = await check_variables(connection, caller, organisation, item, variables, "", present=False)
    if faults:
        problems = [_as_asked(fault, fields[0]) for fault in faults]
        raise InvalidInput("the extension does not fit the item's form", problems=problems)
    wanted = prepare(variables, caller.id)
    note = prepare(body.comment, caller.id) if body.comment is not None else None
    line = OrderedItem(item=key, variables=wanted.reference, requested_for=holder, for_future_person=future)
    order = Order(
        number=await draw_number(connection, RecordKind.REQUEST),
        configuration=digest,
        opened_by=caller.id,
        requested_for=holder,
        items=[line],
        note=note.reference if note else None,
        extends=grant.number,
    )
    return order, [wanted, *([note] if note else [])]


async def _must_be_orderable(
    connection: Connection, caller: Caller, organisation: Organisation, request: str, key: str, holder: str
) -> None:
    held = Held(key, holder, of_plan=await parent_of(connection, request) is not None)
    if refusal := await why_not_longer(connection, caller, organisation, held):
        raise refusal


def _as_asked(fault: Problem, end: str) -> Problem:
    """A fault of the order's answers, where the body has it: the end is its ``until``, the others are not in it."""
    if fault.pointer == f"/{end}":
        return Problem("/until", fault.message)
    return Problem("", f"{fault.pointer.lstrip('/')} of the first order: {fault.message}")


def _must_be_later(until: date, grant: GrantView, zone: str) -> None:
    """InvalidInput for what would not move the end, or bring it nearer; the present end is a last day in ``zone``."""
    if grant.expires_at is None:
        problem = "what was granted has no end"
    elif until <= (end := until_day(grant.expires_at, ZoneInfo(zone))):
        problem = f"must be after {end}, the present end"
    else:
        return
    raise InvalidInput("this is no extension", problems=[Problem("/until", problem)])
