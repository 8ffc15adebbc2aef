"""Ordering: an item into the basket, the basket looked through, all of it sent as one request."""

from fastapi.responses import Response

from api import commands
from api.ordering import ItemOrder, check_variables
from api.portal import basket
from api.portal.answers import answers_in
from api.portal.basket_page import show_basket
from api.portal.forms import Form, Posted, attempt
from api.portal.guard import pages
from api.portal.item_page import offer_of, show_item
from api.portal.order_files import attach_files, checked_files
from api.portal.page import OrdererPage, Page
from api.portal.routes.catalog import ItemKey
from api.routes import requests
from api.routes.requests import NewRequest
from steadydesk.errors import InvalidInput, Problem
from steadydesk.records.engine import autocommit

router = pages()


@router.post("/catalog/{key}")
async def choose(key: ItemKey, page: OrdererPage, posted: Form) -> Response:
    """The answers into the basket, checked; then the whole basket to look through."""
    replaced = posted.text("entry")
    failed = await attempt("order", posted, _put(page, key, posted, replaced))
    if failed is not None:
        return await show_item(page, key, failed, replaced)
    return page.back_to("/basket")


@router.get("/basket")
async def look_through(page: OrdererPage) -> Response:
    """What would be ordered, for whom, who would have to approve it."""
    return await show_basket(page, basket.references(page.request))


@router.post("/basket/remove")
async def remove(page: OrdererPage, posted: Form) -> Response:
    gone = posted.text("entry")
    basket.keep(page, [ref for ref in basket.references(page.request) if ref != gone])
    return page.back_to("/basket", "removed")


@router.post("/basket")
async def order(page: OrdererPage, posted: Form) -> Response:
    """All that the page showed as one request; the same page sent twice is one order."""
    refs = posted.all("entry")[: basket.MOST]
    ordered: list[str] = []
    failed = await attempt("basket", posted, _send(page, posted, refs, ordered))
    if failed is not None:
        return await show_basket(page, refs, failed)
    basket.keep(page, [ref for ref in basket.references(page.request) if ref not in refs])
    attached = await attach_files(page, ordered[0], posted)
    return page.back_to(f"/records/{ordered[0]}", "order" if attached else "order_without_files")


async def _put(page: Page, key: str, posted: Posted, replaced: str | None) -> None:
    async with autocommit(page.services.engine).connect() as connection:
        item = (await offer_of(page, connection, key)).item
        answers = answers_in(item.form, posted)
        chosen = posted.into(ItemOrder, ("quantity",), item=key, variables=answers)
        problems = await check_variables(connection, item, chosen.variables, "/variables")
        if chosen.quantity > item.max_quantity:
            problems.append(Problem("/quantity", f"at most {item.max_quantity}"))
        if problems:
            raise InvalidInput("Some fields need another look.", problems=problems)
        await basket.put(page, connection, commands.key_or_new(posted.key), chosen, replaced)


async def _send(page: Page, posted: Posted, refs: list[str], ordered: list[str]) -> None:
    await checked_files(page, posted)
    async with autocommit(page.services.engine).connect() as connection:
        chosen = await basket.chosen(page, connection, refs)
    if not chosen or len(chosen) < len(refs):
        raise InvalidInput("Something of this basket is not there any more; look through it again.")
    new = posted.into(NewRequest, ("requested_for", "note"), items=[one.order for one in chosen])
    act = page.act(posted)
    answer = await requests.order(new, page.caller, page.services, act.response, posted.key)
    ordered.append(answer.number)
