"""Extend what a request granted: a new order of the same item, approved as the first, that moves the grant's end."""

from datetime import date
from typing import Any

from fastapi import APIRouter, Response
from pydantic import Field

from api import commands
from api.commands import IdempotencyKey
from api.opening import Received, open_reserved, reserve_once
from api.ordering import check_variables
from api.requests_read import RecordNumber, require, viewer_of
from api.security import Caller, Orderer
from api.state import ServicesOf
from steadydesk.contracts.base import Contract
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.request_commands import Order, OrderedItem
from steadydesk.contracts.views import OpenedRequest
from steadydesk.errors import InvalidInput, Problem, RecordClosed, UnknownRecord
from steadydesk.policies.rights import Verb
from steadydesk.records.engine import Connection, autocommit
from steadydesk.records.grants import GrantView, list_grants
from steadydesk.records.organisation import in_force
from steadydesk.records.processes import draw_number
from steadydesk.records.texts import NewText, prepare
from steadydesk.records.views.requests import answers_of

router = APIRouter(prefix="/requests", tags=["requests"])


class Extension(Contract):
    until: date = Field(description="The grant's new last day.")
    grant: str | None = Field(
        default=None, description="A GRA number; null where the request granted one thing."
    )
    comment: str | None = Field(default=None, max_length=4000)


@router.post("/{number}/extend", status_code=201, responses={202: {"model": Received}})
async def extend(
    number: RecordNumber,
    body: Extension,
    caller: Orderer,
    services: ServicesOf,
    response: Response,
    key: IdempotencyKey = None,
) -> OpenedRequest | Received:
    """Ask for a later end; the answer is the new request, whose approval moves it."""
    request = number
    hashed = commands.body_hash(f"extend {request}", body)
    async with autocommit(services.engine).connect() as connection:
        await require(connection, caller, request, Verb.EXTEND)
        kept = await commands.kept_before(connection, caller, key, hashed)
        if kept is None:
            digest, resolved = await in_force(connection)
            grant = await _grant(connection, caller, request, body.grant)
            catalog = resolved.organisation.catalog
            order, words = await _order(connection, caller, grant, body, digest, catalog)
            summary = f"Extension of {request}"
            kept = await reserve_once(connection, caller, order, words, key, hashed, summary)
    return await open_reserved(services, response, kept)


async def _grant(connection: Connection, caller: Caller, request: str, wanted: str | None) -> GrantView:
    found = await list_grants(connection, viewer_of(caller), request=request, number=wanted)
    if not found:
        raise UnknownRecord(f"{request} granted nothing that could be extended")
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
    catalog: dict[str, CatalogItem],
) -> tuple[Order, list[NewText]]:
    key, answers, holder = await answers_of(connection, grant.request, grant.line)
    item = catalog.get(key)
    field = _until_field(item) if item else None
    if item is None or field is None:
        raise InvalidInput("this item has no end that could be moved", pointer="/until")
    variables: dict[str, Any] = {**answers, field: body.until.isoformat()}
    if problems := await check_variables(connection, item, variables, "/variables"):
        raise InvalidInput("the extension does not fit the item's form", problems=problems)
    wanted = prepare(variables, caller.id)
    note = prepare(body.comment, caller.id) if body.comment is not None else None
    order = Order(
        number=await draw_number(connection, RecordKind.REQUEST),
        configuration=digest,
        opened_by=caller.id,
        requested_for=holder,
        items=[OrderedItem(item=key, variables=wanted.reference, requested_for=holder)],
        note=note.reference if note else None,
        parent=None,
        extends=grant.number,
    )
    return order, [wanted, *([note] if note else [])]


def _until_field(item: CatalogItem) -> str | None:
    """The form field that holds the grant's end."""
    ends = [step.grant.until for step in item.plan.steps.values() if step.grant and step.grant.until]
    path = ends[0].path if ends else None
    return path.removeprefix("variables.") if path and path.startswith("variables.") else None
