"""Joiners, movers and leavers: by date, with what is missing and who is late; each with what was ordered for it."""

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query
from fastapi.responses import Response

from api.portal.guard import pages
from api.portal.page import ReaderPage
from api.portal.people_page import PeopleAddress, after, missing
from api.portal.progress import marks_of
from api.requests_read import RequestNumber
from steadydesk.contracts.catalog import CatalogItem, PeopleOperation
from steadydesk.contracts.views import LineView
from steadydesk.errors import UnknownRecord
from steadydesk.records.engine import Connection, autocommit
from steadydesk.records.organisation import in_force
from steadydesk.records.views.child_requests import child_requests
from steadydesk.records.views.people_operations import (
    Operation,
    lack_of,
    operation_of,
    people_operations,
)
from steadydesk.records.views.request_page import RequestContent, request_content

router = pages()

PER_PAGE = 25
_KINDS = tuple(PeopleOperation)
_Address = Annotated[PeopleAddress, Query()]


@router.get("/people-operations")
async def show_list(page: ReaderPage, at: _Address) -> Response:
    async with autocommit(page.services.engine).connect() as connection:
        wanted = at.filter(await _zone(connection, at))
        content = await people_operations(connection, page.viewer, wanted, PER_PAGE + 1, at.place())
    shown, more = content.operations[:PER_PAGE], len(content.operations) > PER_PAGE
    words = page.words
    return await page.show(
        "people_operations/list",
        at=at,
        operations=shown,
        day_of=day_of,
        missing=lambda one: missing(page, one.lacks, content.names),
        kind_tabs=[(at.but(kind=""), words("people.all_kinds")),
                   *((at.but(kind=each.value), words(f"people.{each.value}s")) for each in _KINDS)],
        which_tabs=[(at.but(which=each), words(f"requests.{each}")) for each in ("open", "closed", "all")],
        here=at.but(),
        first=at.but() if at.after else None,
        next=_next(at, shown) if more else None,
    )  # fmt: skip


@router.get("/people-operations/{number}")
async def show(number: RequestNumber, page: ReaderPage) -> Response:
    """The joiners, movers and leavers of one request. UnknownRecord where it has none, or is not for the reader."""
    async with autocommit(page.services.engine).connect() as connection:
        content = await request_content(connection, page.viewer, number)
        if content is None or not _lines(content):
            raise UnknownRecord("there is no such record, or it is not for you to see")
        below = await child_requests(connection, page.viewer, number)
    parts = {one.number: one for one in (*content.view.tasks, *below.children)}
    tasks = {one.number: one for one in below.tasks}
    operations = [
        operation_of(line, item, parts, page.now, _zone_of(content, item)) for line, item in _lines(content)
    ]
    return await page.show(
        "people_operations/detail",
        content=content,
        operations=operations,
        day_of=day_of,
        marks=lambda one: marks_of(content, one.line, page.words),
        missing=lambda one: missing(page, one.lacks, content.names),
        children=[
            (child, missing(page, [lack_of(each, tasks, page.now) for each in child.waiting], below.names))
            for child in below.children
        ],
        group=below.names.group,
    )


def day_of(operation: Operation) -> date | None:
    """The effective date as it was chosen: a day of the item's calendar."""
    at = operation.line.effective_at
    return at.astimezone(ZoneInfo(operation.zone)).date() if at else None


async def _zone(connection: Connection, at: PeopleAddress) -> ZoneInfo:
    """Months begin where the organisation is."""
    if not at.month:
        return ZoneInfo("UTC")
    _, resolved = await in_force(connection)
    return ZoneInfo(resolved.organisation.organisation.zone)


def _lines(content: RequestContent) -> list[tuple[LineView, CatalogItem]]:
    found = ((line, content.organisation.catalog.get(line.item or "")) for line in content.view.items)
    return [(line, item) for line, item in found if item is not None and item.people_operation is not None]


def _zone_of(content: RequestContent, item: CatalogItem) -> str:
    return content.organisation.calendars[item.calendar].zone


def _next(at: PeopleAddress, shown: list[Operation]) -> str:
    address = at.but()
    return f"{address}{'&' if '?' in address else '?'}after={after(shown[-1].line)}"
