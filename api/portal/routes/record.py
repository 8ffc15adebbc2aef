"""Any record by its number, however typed: the page of its request, its files, its live events."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Header, Query, Request
from fastapi.responses import Response, StreamingResponse

from api.portal.addresses import with_filters
from api.portal.guard import pages
from api.portal.item_page import orderable
from api.portal.page import OrdererPage, Page, ReaderPage, built
from api.portal.record_page import read_content, show_request
from api.portal.routes.files import to_file
from api.portal.session import present_of, visit_of
from api.record_stream import RecordStream, latest
from api.requests_read import RecordNumber, RequestNumber, require
from api.routes.records import LARGEST_POSITION
from api.streams import sse, streams_of
from steadydesk.contracts.numbers import RecordKind, kind_of
from steadydesk.contracts.views import RecordView, TimelineEntry
from steadydesk.errors import UnknownRecord
from steadydesk.policies.rights import Verb, may
from steadydesk.records import attachments, reservations
from steadydesk.records.engine import Connection, autocommit
from steadydesk.records.grants import list_grants
from steadydesk.records.organisation import in_force
from steadydesk.records.views.records import find_record
from steadydesk.records.views.visibility import relations

router = pages()

_HIDDEN = "there is no such record, or it is not for you to see"


@router.get("/records/{number}")
async def show_record(number: RecordNumber, page: ReaderPage, request: Request) -> Response:
    """A request's page; lines, tasks and grants lead to where they belong."""
    if request.path_params["number"] != number:
        return page.back_to(f"/records/{number}")
    if kind_of(number) is not RecordKind.REQUEST:
        return page.back_to(await _where(page, number))
    try:
        return await show_request(page, number)
    except UnknownRecord:
        if not await _is_received(page, number):
            raise
        return await page.show("record/received", number=number)


@router.get("/records/{number}/follow-up")
async def order_again(number: RequestNumber, page: OrdererPage) -> Response:
    """On to the item that was ordered, or to the catalogue; what is ordered there takes up the closed request."""
    content = await read_content(page, number)
    if not content.process.may_be_followed:
        return page.back_to(f"/records/{number}")
    async with autocommit(page.services.engine).connect() as connection:
        _, resolved = await in_force(connection)
        offered = await orderable(connection, page.caller, resolved)
    closed = {line.item for line in content.process.lines if not line.is_open}
    [key, *others] = closed
    path = f"/catalog/{key}" if key in offered and not others else "/catalog"
    return page.back_to(with_filters(path, follows=number))


@router.get("/records/{number}/events", response_class=StreamingResponse)
async def stream_events(
    request: Request,
    number: RecordNumber,
    page: ReaderPage,
    after: Annotated[int, Query(ge=0, le=LARGEST_POSITION)] = 0,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", pattern="^[0-9]{1,9}$")] = None,
) -> StreamingResponse:
    """That something happened to the request after a step, as it happens; what it was is on the page."""
    async with autocommit(page.services.engine).connect() as connection:
        await require(connection, page.caller, number, Verb.SEE)
    position = int(last_event_id or after)
    present = present_of(page.services, visit_of(request).secret)
    stream = RecordStream(page.services, page.caller, present, number, position)
    return sse(stream.said(streams_of(request.app, page.caller.person.id), only_that))


@router.get("/records/{number}/attachments/{identity}")
async def download(number: RecordNumber, identity: str, page: ReaderPage) -> Response:
    """On to the file at an address where no cookie counts, made for this reader and this minute."""
    async with autocommit(page.services.engine).connect() as connection:
        await require(connection, page.caller, number, Verb.SEE)
        if await attachments.record_of(connection, identity) != number:
            raise UnknownRecord(_HIDDEN)
    return to_file(page, identity)


def only_that(position: int, news: Sequence[TimelineEntry]) -> str:
    """The id of the last step, without what it says."""
    return f"id: {latest(position, news)}\ndata: changed\n\n"


async def _where(page: Page, number: str) -> str:
    """The page that shows a line, task or grant."""
    async with autocommit(page.services.engine).connect() as connection:
        view = await find_record(connection, page.viewer, number)
        if view is None:
            raise UnknownRecord(_HIDDEN)
        if view.kind == RecordKind.GRANT.value:
            found = await list_grants(connection, page.viewer, number=number)
            return f"/records/{found[0].request}#{number}" if found else _missing()
        return await _of_request(connection, page, view)


async def _of_request(connection: Connection, page: Page, view: RecordView) -> str:
    """A task leads its requester to the question about it: they do not work on it."""
    if view.kind != RecordKind.TASK.value:
        return f"/records/{view.owner}#{view.number}"
    works = may(Verb.WORK, await relations(connection, page.viewer, view.owner))
    if works and "/tasks/{number}" in built(page.request):
        return f"/tasks/{view.number}"
    return f"/records/{view.owner}#answer"


def _missing() -> str:
    raise UnknownRecord(_HIDDEN)


async def _is_received(page: Page, number: str) -> bool:
    async with autocommit(page.services.engine).connect() as connection:
        return bool(await reservations.find_reservation(connection, number, page.caller.id))
