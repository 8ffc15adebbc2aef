"""The list of what has happened: each entry leads to its record; what is read is said by a form."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Query
from fastapi.responses import Response

from api.portal.forms import Form
from api.portal.guard import own_path, pages
from api.portal.page import AccountPage, ReaderPage
from api.positions import descending, position_of
from api.routes import notifications
from api.routes.notifications import EntryId
from steadydesk.contracts.notification import Notification
from steadydesk.records import notification as records
from steadydesk.records.bell import LIST

router = pages()

PATH = "/notifications"
PER_PAGE = 25
Show = Literal["unread", "all"]


@router.get(PATH)
async def show_notifications(
    page: ReaderPage, show: Show = "all", after: Annotated[str | None, Query(max_length=100)] = None
) -> Response:
    async with page.services.engine.connect() as connection:
        entries = await records.notifications(
            connection,
            page.viewer,
            "",
            limit=PER_PAGE,
            before=position_of(after),
            unread=show == "unread",
        )
    found = descending(entries, PER_PAGE, lambda entry: entry.id)
    return await page.show(
        "notifications/list",
        found=found.items,
        link_of=link_of,
        tabs=[(_address(each), page.words(f"notifications.show_{each}")) for each in ("all", "unread")],
        here=_address(show),
        show=show,
        first=_address(show) if after else None,
        next=_address(show, found.after) if found.after else None,
        newest=max((entry.id for entry in found.items), default=0),
    )


@router.get(PATH + "/bell")
async def show_bell(page: ReaderPage) -> Response:
    """How many are new, for a page that is open."""
    return await page.show("parts/bell")


# Before /notifications/{entry}/read, so that "all" is no entry.
@router.post(PATH + "/all/read")
async def read_all(page: AccountPage, posted: Form) -> Response:
    """Up to the newest one that the page showed; what came since stays new."""
    newest = posted.text("newest") or ""
    if newest.isdecimal() and len(newest) < 19:
        async with page.services.engine.begin() as connection:
            await records.mark_all_read(connection, page.caller.id, int(newest), page.now)
        page.services.bell.ring(f"{LIST}{page.caller.id}")
    return page.back_to(PATH, "all_read")


@router.post(PATH + "/{entry}/read")
async def read_one(entry: EntryId, page: AccountPage, posted: Form) -> Response:
    """On to what it is about, or back to the list."""
    await notifications.read_notification(page.caller, page.services, entry)
    return page.back_to(own_path(posted.text("next")) if posted.has("next") else PATH)


def link_of(entry: Notification) -> str | None:
    """The page of what it asks for, or is about; None where there is none."""
    return entry.link or None


def _address(show: str, after: str | None = None) -> str:
    return f"{PATH}?{urlencode({'show': show} | ({'after': after} if after else {}))}"
