"""Grants: the register of who has what until when, and revoking one before its end."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from api import commands
from api.actions import OrdererAction
from api.requests_read import GrantNumber, require, viewer_of
from api.security import Caller, Reader
from api.state import ServicesOf
from steadydesk.contracts.base import Contract
from steadydesk.contracts.grant import GrantState, Revoke
from steadydesk.contracts.page import LARGEST_PAGE, Page, cursor, keys_of
from steadydesk.contracts.words import Words
from steadydesk.errors import InvalidTransition, UnknownRecord
from steadydesk.policies.assertion import unsigned
from steadydesk.policies.rights import Verb
from steadydesk.records.engine import Connection, autocommit
from steadydesk.records.grants import GrantView, list_grants
from steadydesk.records.views.records import owner_of

router = APIRouter(prefix="/grants", tags=["grants"])

_UNKNOWN = "there is no such grant, or it is not for you to see"


class Revocation(Contract):
    reason: Words | None = None


@router.get("")
async def show_grants(
    caller: Reader,
    services: ServicesOf,
    mine: bool = False,
    state: Annotated[Literal["active", "revoking", "revoked", "left"] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    after: Annotated[str | None, Query(max_length=500)] = None,
) -> Page[GrantView]:
    """The register, as far as you may see it."""
    async with services.engine.connect() as connection:
        found = await list_grants(
            connection,
            viewer_of(caller),
            holder=caller.id if mine else None,
            state=state,
            after=keys_of(after, 1)[0] if after else None,
            limit=limit,
        )
    return Page(items=found, after=cursor(found[-1].number) if len(found) == limit else None)


@router.get("/{number}")
async def show_grant(number: GrantNumber, caller: Reader, services: ServicesOf) -> GrantView:
    """One grant of the register."""
    async with services.engine.connect() as connection:
        found = await list_grants(connection, viewer_of(caller), number=number)
    if not found:
        raise UnknownRecord(_UNKNOWN)
    return found[0]


@router.post("/{number}/revoke")
async def revoke(number: GrantNumber, body: Revocation, act: OrdererAction) -> dict[str, Any]:
    """Take it back now: by who ordered or holds it, or the process owner. What an order gave that is still under way
    goes back with that order, by its cancellation.
    """

    async def build(connection: Connection) -> Revoke:
        reason = await commands.words(connection, act.caller, body.reason)
        return Revoke(assertion=unsigned(), if_match=act.version, reason=reason)

    async with autocommit(act.services.engine).connect() as connection:
        await check_begun(connection, act.caller, number)
    return await act(number, Verb.CANCEL, "revoke", body, build, act="revoke")


async def check_begun(connection: Connection, caller: Caller, number: str) -> None:
    """InvalidTransition, or NotAllowed, for what has no process of its own yet, because its order is under way."""
    if await owner_of(connection, number) is not None:
        return
    found = await list_grants(connection, viewer_of(caller), number=number)
    if not found:
        raise UnknownRecord(_UNKNOWN)
    request, state = found[0].request, found[0].state
    await require(connection, caller, request, Verb.CANCEL, "revoke")
    if state != GrantState.ACTIVE:
        raise InvalidTransition(f"{number} is taken back already, with {request}.", details={"state": state})
    raise InvalidTransition(
        f"{number} belongs to {request}, which is still under way: cancel that order to have it taken back.",
        details={"state": state, "request": request},
    )
