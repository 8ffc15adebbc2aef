"""The reader's requests: whose, which, holding what, in which order; all of it in the address."""

from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Query
from fastapi.responses import Response

from api.portal.guard import pages
from api.portal.page import Page, ReaderPage
from api.portal.routes.home import first_wait
from api.routes.requests import position
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.language import in_language
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.page import cursor
from steadydesk.contracts.views import RecordView
from steadydesk.policies.entitlement import may_see
from steadydesk.records.views.record_filter import RecordFilter, RecordOrder
from steadydesk.records.views.records import instant_of
from steadydesk.records.views.request_list import request_list

router = pages()

PER_PAGE = 25
Whose = Literal["own", "mine", "for_me", "seen"]
Which = Literal["open", "closed", "all"]
Sort = Literal["changed", "opened", "expected"]
_Filter = Annotated[str, Query(max_length=100)]


@router.get("/requests")
async def show_requests(
    page: ReaderPage,
    whose: Whose = "own",
    which: Which = "open",
    q: _Filter = "",
    item: _Filter = "",
    sort: Sort = "changed",
    after: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    wanted, order = _wanted(page, whose, which, item), RecordOrder(sort)
    async with page.services.engine.connect() as connection:
        content = await request_list(
            connection, page.viewer, wanted, PER_PAGE, position(after), order, q.strip() or None
        )
    following = _next(content.found, order)
    here = {"whose": whose, "which": which, "q": q, "item": item, "sort": "" if sort == "changed" else sort}
    return await page.show(
        "requests/list",
        found=content.found,
        first_wait=lambda view: first_wait(page, view),
        whose_tabs=_tabs(page, here, "whose", ("own", "mine", "for_me", "seen")),
        which_tabs=_tabs(page, here, "which", ("open", "closed", "all")),
        here=_address(here),
        kept={name: here[name] for name in ("whose", "which")},
        filtered=bool(q or item or sort != "changed"),
        text=q,
        item=item,
        items=_items(page, content.catalog, item),
        sort=sort,
        sorts=[(each.value, page.words(f"requests.sort_{each.value}")) for each in RecordOrder],
        anew=_address({name: here[name] for name in ("whose", "which")}),
        first=_address(here) if after else None,
        next=_address(here | {"after": following}) if following else None,
    )


def _wanted(page: Page, whose: Whose, which: Which, item: str) -> RecordFilter:
    return RecordFilter(
        kind=RecordKind.REQUEST.value,
        open={"open": True, "closed": False, "all": None}[which],
        own=whose == "own",
        opened_by=page.caller.id if whose == "mine" else None,
        caller=page.caller.id if whose == "for_me" else None,
        item=item or None,
    )


def _next(found: list[RecordView], order: RecordOrder) -> str | None:
    """Where the list goes on behind a full page."""
    last = found[-1] if len(found) == PER_PAGE else None
    return cursor(instant_of(last, order).isoformat(), last.number) if last else None


def _items(page: Page, catalog: Mapping[str, CatalogItem], chosen: str) -> list[tuple[str, str]]:
    """What the reader may see in the catalogue, by its name."""
    groups = page.caller.standing.groups
    offered = {key: item for key, item in catalog.items() if may_see(item, groups)}
    names = [(key, in_language(item.name, page.language)) for key, item in offered.items()]
    lost = [(chosen, chosen)] if chosen and chosen not in offered else []
    return [*sorted(names, key=lambda pair: pair[1].casefold()), *lost]


def _tabs(page: Page, here: Mapping[str, str], name: str, values: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(_address({**here, name: each}), page.words(f"requests.{each}")) for each in values]


def _address(given: Mapping[str, str]) -> str:
    return f"/requests?{urlencode({name: value for name, value in given.items() if value})}"
