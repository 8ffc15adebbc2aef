"""The reader's requests, with filters in the address."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Query
from fastapi.responses import Response

from api.portal.guard import pages
from api.portal.page import ReaderPage
from api.portal.routes.home import first_wait
from api.routes.requests import next_page, position
from steadydesk.contracts.numbers import RecordKind
from steadydesk.records.views.records import RecordFilter, list_records

router = pages()

PER_PAGE = 25
Whose = Literal["mine", "for_me", "seen"]
Which = Literal["open", "closed", "all"]


@router.get("/requests")
async def show_requests(
    page: ReaderPage,
    whose: Whose = "mine",
    which: Which = "open",
    after: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    wanted = RecordFilter(
        kind=RecordKind.REQUEST.value,
        open={"open": True, "closed": False, "all": None}[which],
        opened_by=page.caller.id if whose == "mine" else None,
        caller=page.caller.id if whose == "for_me" else None,
    )
    async with page.services.engine.connect() as connection:
        found = await list_records(connection, page.viewer, wanted, PER_PAGE, position(after))
    following = next_page(found, PER_PAGE)
    return await page.show(
        "requests/list",
        found=found,
        first_wait=lambda view: first_wait(page, view),
        whose_tabs=[
            (_address(each, which), page.words(f"requests.{each}")) for each in ("mine", "for_me", "seen")
        ],
        which_tabs=[
            (_address(whose, each), page.words(f"requests.{each}")) for each in ("open", "closed", "all")
        ],
        here_whose=_address(whose, which),
        here_which=_address(whose, which),
        first=_address(whose, which) if after else None,
        next=_address(whose, which, following) if following else None,
    )


def _address(whose: str, which: str, after: str | None = None) -> str:
    given = {"whose": whose, "which": which} | ({"after": after} if after else {})
    return f"/requests?{urlencode(given)}"
