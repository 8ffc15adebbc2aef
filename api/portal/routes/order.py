"""Ordering: an item into the basket, the basket looked through, all of it sent as one request."""

from fastapi.responses import Response

from api import commands
from api.ordering import ItemOrder, check_order, check_variables
from api.portal import basket
from api.portal.answers import answers_in
from api.portal.basket_page import show_basket
from api.portal.forms import Form, Posted, attempt
from api.portal.guard import pages
from api.portal.item_page import named_for, offer_of, show_item
from api.portal.order_files import attach_files, file_problems
from api.portal.page import OrdererPage, Page
from api.portal.people_typed import person_typed, with_people
from api.portal.routes.catalog import ItemKey
from api.portal.typed_form import shows_again
from api.routes import requests
from api.routes.requests import NewRequest
from steadydesk.errors import InvalidInput, Problem, Refusal
from steadydesk.records.engine import Connection, autocommit
from steadydesk.records.organisation import in_force

router = pages()


@router.post("/catalog/{key}")
@shows_again
async def choose(key: ItemKey, page: OrdererPage, posted: Form) -> Response:
    """The answers into the basket, checked; then the whole basket to look through."""
    replaced = posted.text("entry")
    failed = await attempt("order", posted, _put(page, key, posted, replaced))
    if failed is not None:
        return await show_item(page, key, failed, replaced)
    return page.back_to("/basket", "basket_lost" if basket.is_lost(page) else None)


@router.get("/basket")
async def look_through(page: OrdererPage) -> Response:
    """What would be ordered, for whom, who would have to approve it."""
    if basket.is_lost(page):
        basket.keep(page, ())
    return await show_basket(page, basket.references(page))


@router.post("/basket/remove")
async def remove(page: OrdererPage, posted: Form) -> Response:
    gone = posted.text("entry")
    basket.keep(page, [ref for ref in basket.references(page) if ref != gone])
    return page.back_to("/basket", "removed")


@router.post("/basket")
@shows_again
async def order(page: OrdererPage, posted: Form) -> Response:
    """All that the page showed as one request; the same page sent twice is one order."""
    refs = posted.all("entry")[: basket.MOST]
    ordered: list[str] = []
    failed = await attempt("basket", posted, _send(page, posted, refs, ordered))
    if failed is not None:
        return await show_basket(page, refs, failed)
    basket.keep(page, [ref for ref in basket.references(page) if ref not in refs])
    attached = await attach_files(page, ordered[0], posted)
    return page.back_to(f"/records/{ordered[0]}", "order" if attached else "order_without_files")


async def _put(page: Page, key: str, posted: Posted, replaced: str | None) -> None:
    async with autocommit(page.services.engine).connect() as connection:
        offer = await offer_of(page, connection, key)
        item = offer.item
        answers, unclear = await with_people(
            connection, item.form, named_for(page, item, answers_in(item.form, posted)), "/variables"
        )
        chosen = posted.into(ItemOrder, ("quantity",), item=key, variables=answers)
        found = await check_variables(
            connection, page.caller, offer.resolved.organisation, item, chosen.variables, "/variables"
        )
        problems = [*unclear, *_beside(found, unclear)]
        if chosen.quantity > item.max_quantity:
            problems.append(Problem("/quantity", f"at most {item.max_quantity}"))
        if problems:
            raise InvalidInput("Some fields need another look.", problems=problems)
        await basket.put(page, connection, commands.key_or_new(posted.key), chosen, replaced)


async def _send(page: Page, posted: Posted, refs: list[str], ordered: list[str]) -> None:
    """All that is wrong is said at once: files, fields, and the items themselves."""
    problems = await file_problems(page, posted)
    who = await person_typed(page, posted.text("requested_for"), "/requested_for")
    async with autocommit(page.services.engine).connect() as connection:
        chosen = await basket.chosen(page, connection, refs)
        if not chosen or len(chosen) < len(refs):
            raise InvalidInput("Something of this basket is not there any more; look through it again.")
        new = posted.into(NewRequest, ("note",), requested_for=who, items=[one.order for one in chosen])
        if problems:
            problems += await _problems_of(page, connection, new)
            raise InvalidInput("A file is not accepted.", problems=problems)
    act = page.act(posted)
    answer = await requests.order(new, page.caller, page.services, act.response, posted.key)
    ordered.append(answer.number)


async def _problems_of(page: Page, connection: Connection, new: NewRequest) -> list[Problem]:
    """What an order would be refused for, too."""
    version, resolved = await in_force(connection)
    try:
        await check_order(connection, page.caller, new, resolved.organisation, version)
    except Refusal as refusal:
        return list(refusal.problems) or [Problem(refusal.pointer or "", refusal.message)]
    return []


def _beside(found: list[Problem], known: list[Problem]) -> list[Problem]:
    places = {each.pointer for each in known}
    return [each for each in found if each.pointer not in places]
