"""Any record by its number, however typed: what it is, why it waits, what happened to it."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query

from api.received import UNKNOWN, found_or_received, known
from api.requests_read import RecordNumber, owner_with, viewer_of
from api.routes.approvals import show_approval
from api.security import Reader
from api.state import ServicesOf
from steadydesk.contracts.audit_views import AuditView
from steadydesk.contracts.numbers import is_gate
from steadydesk.contracts.page import LARGEST_PAGE, Page
from steadydesk.contracts.views import ApprovalView, RecordView, TimelineEntry, Why
from steadydesk.errors import UnknownRecord
from steadydesk.policies.rights import Verb, may
from steadydesk.records.engine import autocommit
from steadydesk.records.reservations import find_reservation
from steadydesk.records.views import records as views
from steadydesk.records.views.approvals import process_of_gate, why_gate
from steadydesk.records.views.received import received_record, received_why
from steadydesk.records.views.timeline import audit_of, timeline
from steadydesk.records.views.visibility import relations

router = APIRouter(tags=["records"])
LARGEST_POSITION = 2**31 - 1


@router.get("/records/{number}")
async def show_record(
    number: RecordNumber, caller: Reader, services: ServicesOf
) -> RecordView | ApprovalView:
    """Any kind, found however typed: ``req42``, ``REQ-42`` and ``REQ0000042`` are the same. The number of a gate gives
    its approval.
    """
    if is_gate(number):
        return await show_approval(number, caller, services)
    viewer = viewer_of(caller)
    async with autocommit(services.engine).connect() as connection:
        find = partial(views.find_record, connection, viewer, number)
        ordered = partial(received_record, connection, viewer.language)
        return await found_or_received(connection, caller, number, find, ordered)


@router.get("/records/{number}/why")
@router.get("/requests/{number}/why", include_in_schema=False)
async def why(number: RecordNumber, caller: Reader, services: ServicesOf) -> Why:
    """What it waits for: for whom, since when, until when, and what happens then."""
    async with autocommit(services.engine).connect() as connection:
        if is_gate(number):
            return known(await why_gate(connection, viewer_of(caller), number))
        find = partial(views.why, connection, viewer_of(caller), number)
        return await found_or_received(connection, caller, number, find, received_why)


@router.get("/requests/{number}/timeline", operation_id="show_request_timeline")
@router.get("/records/{number}/timeline")
async def show_timeline(
    number: RecordNumber,
    caller: Reader,
    services: ServicesOf,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = LARGEST_PAGE,
    after: Annotated[int, Query(ge=0, le=LARGEST_POSITION)] = 0,
) -> Page[TimelineEntry]:
    """Words and steps in their order; ``after`` is the id of the last step read. A gate's own are those about it; of
    all else, those of the whole process.
    """
    async with services.engine.connect() as connection:
        of_gate = is_gate(number)
        owner = await (process_of_gate if of_gate else views.owner_of)(connection, number)
        if owner is None and await find_reservation(connection, number, caller.id):
            return Page(items=[])
        seen = await relations(connection, viewer_of(caller), owner) if owner else []
        if owner is None or not seen:
            raise UnknownRecord(UNKNOWN)
        entries = await timeline(
            connection,
            owner,
            limit,
            after,
            viewer=viewer_of(caller),
            work_notes=may(Verb.WORK_NOTE, seen),
            subject=number if of_gate else None,
        )
    steps = [entry.id for entry in entries if entry.kind == "event"]
    return Page(items=entries, after=steps[-1] if len(steps) == limit else None)


@router.get("/audit/{number}")
async def show_audit(
    number: RecordNumber,
    caller: Reader,
    services: ServicesOf,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = LARGEST_PAGE,
    after: Annotated[int, Query(ge=0, le=LARGEST_POSITION)] = 0,
) -> Page[AuditView]:
    """The record's hash chain, row by row. A number that you may not see is left out of the facts; the hash is over all
    of them.
    """
    async with services.engine.connect() as connection:
        owner = await owner_with(connection, caller, number, Verb.SEE_AUDIT)
        rows = list(await audit_of(connection, viewer_of(caller), owner, limit, after))
    return Page(items=rows, after=str(rows[-1].position) if len(rows) == limit else None)
