"""Break-glass: sight of a record for an hour and a reason; security events; who looked at what."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from api import commands
from api.paging import DEFAULT_LIMIT, After, Limit
from api.positions import position_of
from api.problems import refusals
from api.requests_read import RecordNumber, owner_with, viewer_of
from api.security import Operator, Reader
from api.state import ServicesOf
from steadydesk.contracts.audit_views import AccessView, SecurityEventView
from steadydesk.contracts.base import Contract
from steadydesk.contracts.page import Page, cursor, instant_and_key
from steadydesk.contracts.words import NOT_BLANK
from steadydesk.errors import Conflict, InvalidInput, UnknownRecord
from steadydesk.policies.rights import Verb
from steadydesk.records.break_glass import open_in_emergency
from steadydesk.records.security import security_events
from steadydesk.records.views.access import emergencies_of, reads_of
from steadydesk.records.views.records import owner_of
from steadydesk.records.views.trouble import known_numbers
from steadydesk.records.views.visibility import relations

router = APIRouter(tags=["security"])

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=2000), NOT_BLANK]


class Emergency(Contract):
    reason: Reason = Field(description="Why you must see this record; its owners read it.")


class EmergencySight(Contract):
    number: str
    until: datetime = Field(description="When your sight of the record ends.")


@router.post(
    "/records/{number}/break-glass",
    status_code=201,
    responses=refusals(UnknownRecord, Conflict, InvalidInput),
)
async def break_glass(
    number: RecordNumber, body: Emergency, caller: Operator, services: ServicesOf
) -> EmergencySight:
    """See a record for an hour that you have no sight of. Its owners are told at once, with your reason."""
    async with services.posting() as connection:
        owner = await owner_of(connection, number)
        if owner is None:
            raise UnknownRecord("there is no such record")
        seen = await relations(connection, viewer_of(caller), owner)
        reason = await commands.store(connection, caller, body.reason)
        until = await open_in_emergency(connection, owner, caller.author, reason, seen)
    return EmergencySight(number=owner, until=until)


@router.get("/security-events", responses=refusals(InvalidInput))
async def list_security_events(
    caller: Operator, services: ServicesOf, after: After = None, limit: Limit = DEFAULT_LIMIT
) -> Page[SecurityEventView]:
    """Commands without proof, and records opened in an emergency, the newest first; a restricted record that you do not
    see has no number here.
    """
    before = instant_and_key(after)
    async with services.engine.connect() as connection:
        found = await security_events(connection, limit=limit, before=before)
        known = await known_numbers(connection, viewer_of(caller), [one.number for one in found])
    shown = [one if one.number in known else one.model_copy(update={"number": None}) for one in found]
    last = found[-1] if len(found) == limit else None
    return Page(items=shown, after=cursor(last.at.isoformat(), last.id) if last else None)


@router.get("/audit/{number}/reads", responses=refusals(UnknownRecord, InvalidInput))
async def list_sensitive_reads(
    number: RecordNumber,
    caller: Reader,
    services: ServicesOf,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[AccessView]:
    """Who read sensitive answers of the record, for which task, the newest first."""
    async with services.engine.connect() as connection:
        owner = await owner_with(connection, caller, number, Verb.SEE_ACCESSES)
        found = await reads_of(connection, owner, limit, position_of(after))
    more = cursor(str(found[-1][0])) if len(found) == limit else None
    return Page(items=[view for _, view in found], after=more)


@router.get("/audit/{number}/emergencies", responses=refusals(UnknownRecord))
async def list_emergencies(number: RecordNumber, caller: Reader, services: ServicesOf) -> list[AccessView]:
    """Who opened the record in an emergency, when, and for what reason."""
    async with services.engine.connect() as connection:
        owner = await owner_with(connection, caller, number, Verb.SEE_ACCESSES)
        return await emergencies_of(connection, owner)
