"""One search box: numbers however typed, catalogue, people."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from api.portal.guard import pages
from api.portal.page import Page, ReaderPage
from steadydesk.contracts.language import in_language
from steadydesk.contracts.numbers import parse_typed
from steadydesk.contracts.organisation import Organisation
from steadydesk.policies.entitlement import may_see
from steadydesk.records.organisation import in_force
from steadydesk.records.views.search import MOST, find

router = pages()


@router.get("/search")
async def search(page: ReaderPage, q: Annotated[str, Query(max_length=100)] = "") -> Response:
    """A number that is there and may be seen leads to its record at once."""
    text = q.strip()
    if not text:
        return await page.show("search/results", text="", records=[], items=[], people=[])
    number = parse_typed(text)
    async with page.services.engine.connect() as connection:
        _, resolved = await in_force(connection)
        items = _items(page, resolved.organisation, text)
        found = await find(connection, page.viewer, text, [key for key, *_ in items])
    if number is not None and any(view.number == number for view in found.records):
        return page.back_to(f"/records/{number}")
    return await page.show(
        "search/results", text=text, records=found.records, items=items[:MOST], people=found.people
    )


def _items(page: Page, organisation: Organisation, text: str) -> list[tuple[str, str, str]]:
    """Key, name and description of the items that the reader may see and whose words hold the text."""
    wanted, language = text.casefold(), page.language
    return [
        (key, in_language(item.name, language), in_language(item.description, language))
        for key, item in organisation.catalog.items()
        if may_see(item, page.caller.standing.groups)
        and wanted
        in f"{in_language(item.name, language)}\n{in_language(item.description, language)}".casefold()
    ]
