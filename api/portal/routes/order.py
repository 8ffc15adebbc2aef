"""Ordering: an item into the basket, the basket looked through, all of it sent, as one request for each function."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from api import commands
from api.follow_up import followed_request
from api.form_answers import check_variables
from api.ordering import ItemOrder
from api.portal import basket
from api.portal.addresses import with_filters
from api.portal.answers import answers_in
from api.portal.basket_orders import Made, faults_of, parts_of, send
from api.portal.basket_page import show_basket
from api.portal.forms import Form, Posted, attempt
from api.portal.guard import pages
from api.portal.item_page import named_for, offer_of, show_item
from api.portal.order_files import attach_files, file_problems
from api.portal.page import OrdererPage, Page
from api.portal.people_typed import person_typed, with_people
from api.portal.routes.catalog import ItemKey
from api.portal.typed_form import shows_again
from steadydesk.errors import InvalidInput, Problem
from steadydesk.records.engine import autocommit
from steadydesk.records.organisation import in_force

router = pages()


@router.post("/catalog/{key}")
@shows_again
async def choose(key: ItemKey, page: OrdererPage, posted: Form) -> Response:
    """The answers into the basket, checked; then the whole basket to look through."""
    replaced = posted.text("entry")
    failed = await attempt("order", posted, _put(page, key, posted, replaced))
    if failed is not None:
        return await show_item(page, key, failed, replaced, posted.text("follows"))
    return page.back_to("/basket", "basket_lost" if basket.is_lost(page) else None)


@router.get("/basket")
async def look_through(page: OrdererPage, made: Annotated[list[str] | None, Query()] = None) -> Response:
    """What would be ordered, for whom, who would have to approve it; ``made`` are orders that were just sent."""
    if basket.is_lost(page):
        basket.keep(page, ())
    return await show_basket(page, basket.references(page), made=(made or [])[: basket.MOST])


@router.post("/basket/remove")
async def remove(page: OrdererPage, posted: Form) -> Response:
    gone = posted.text("entry")
    basket.keep(page, [ref for ref in basket.references(page) if ref != gone])
    return page.back_to("/basket", "removed")


@router.post("/basket")
@shows_again
async def order(page: OrdererPage, posted: Form) -> Response:
    """All that the page showed as one request for each function; the same page sent twice orders once."""
    refs = posted.all("entry")[: basket.MOST]
    made = Made()
    failed = await attempt("basket", posted, _send(page, posted, refs, made))
    if made.refs:
        basket.keep(page, made.left(basket.references(page)))
    attached = [await attach_files(page, number, posted) for number in made.numbers]
    if failed is not None:
        return await show_basket(page, made.left(refs), failed, made.numbers)
    done = "order" if all(attached) else "order_without_files"
    if len(made.numbers) > 1:
        return page.back_to(with_filters("/basket", made=made.numbers), f"{done}_several")
    return page.back_to(f"/records/{made.numbers[0]}", done)


async def _put(page: Page, key: str, posted: Posted, replaced: str | None) -> None:
    async with autocommit(page.services.engine).connect() as connection:
        offer = await offer_of(page, connection, key)
        item = offer.item
        answers, unclear = await with_people(
            connection,
            item.form,
            named_for(page, item, answers_in(item.form, posted, page.words)),
            "/variables",
        )
        chosen = posted.into(ItemOrder, ("quantity",), item=key, variables=answers)
        found = await check_variables(
            connection, page.caller, offer.resolved.organisation, item, chosen.variables, "/variables"
        )
        follows, unfit = await followed_request(connection, page.caller, posted.text("follows"))
        problems = [*unclear, *_beside(found, unclear), *unfit]
        if chosen.quantity > item.max_quantity:
            problems.append(Problem("/quantity", f"at most {item.max_quantity}"))
        if problems:
            raise InvalidInput("Some fields need another look.", problems=problems)
        await basket.put(page, connection, commands.key_or_new(posted.key), chosen, follows, replaced)


async def _send(page: Page, posted: Posted, refs: list[str], made: Made) -> None:
    """All that is wrong is said at once: files, fields, and the items themselves. Of several orders none is made
    before each would be taken.
    """
    problems = await file_problems(page, posted)
    who = await person_typed(page, posted.text("requested_for"), "/requested_for")
    async with autocommit(page.services.engine).connect() as connection:
        chosen = await basket.chosen(page, connection, refs)
        if not chosen or len(chosen) < len(refs):
            raise InvalidInput("Something of this basket is not there any more; look through it again.")
        _, resolved = await in_force(connection)
        parts = parts_of(posted, chosen, who, resolved.organisation)
        if problems or len(parts) > 1:
            faults = await faults_of(page, connection, parts, refs)
            if problems:
                raise InvalidInput("A file is not accepted.", problems=[*problems, *faults])
            if faults:
                raise InvalidInput("Some fields need another look.", problems=faults)
    await send(page, posted, parts, refs, made)


def _beside(found: list[Problem], known: list[Problem]) -> list[Problem]:
    places = {each.pointer for each in known}
    return [each for each in found if each.pointer not in places]
