"""The basket before it is sent: each item with its answers, its price, its promise and who will be asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi.responses import HTMLResponse

from api.form_answers import today_of
from api.portal import basket
from api.portal.answer_words import Answered, answers_in_words, mentioned
from api.portal.basket import Chosen
from api.portal.basket_orders import together
from api.portal.forms import FormState
from api.portal.item_words import (
    StageWords,
    amount_of,
    decided_by,
    expected,
    is_parallel,
    mentioned_in,
    price_words,
    span_words,
    stages_of,
    values_of,
)
from api.portal.order_files import FIELDS
from api.portal.page import Page
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.configuration import ResolvedOrganisation
from steadydesk.contracts.language import in_language
from steadydesk.policies.entitlement import may_order_for_others, may_see
from steadydesk.policies.pre_approval import has_ended
from steadydesk.records.engine import Connection, autocommit
from steadydesk.records.organisation import in_force
from steadydesk.records.reservations import ordered_by
from steadydesk.records.views.pickers import Picked, picked


@dataclass(frozen=True)
class ChosenLine:
    """An item of the basket. ``place`` is its JSON pointer in the order."""

    ref: str
    key: str
    place: str
    name: str
    quantity: int
    price: str
    promise: str
    expected_at: datetime | None
    decided_by: datetime | None
    answers: list[Answered]
    stages: list[StageWords]
    parallel: bool
    """All stages are asked at the same time."""
    advance: str | None
    ended: bool
    others: bool
    held: bool
    """It says itself whom it is for."""
    follows: str | None
    """The closed request that it takes up."""


async def show_basket(
    page: Page, refs: Sequence[str], failed: FormState | None = None, made: Sequence[str] = ()
) -> HTMLResponse:
    """``made`` are the numbers of orders that were sent from here just now."""
    async with autocommit(page.services.engine).connect() as connection:
        _, resolved = await in_force(connection)
        chosen = await basket.chosen(page, connection, refs)
        offered = [one for one in chosen if _is_offered(page, resolved, one)]
        names = await _names(page, connection, resolved, offered)
        ordered = await ordered_by(connection, made, page.caller.id) if made else []
    lines = [_line(page, resolved, index, one, names) for index, one in enumerate(offered)]
    return await page.show(
        "catalog/basket",
        failed=failed,
        lost=basket.is_lost(page),
        lines=lines,
        made=ordered,
        functions=_functions(page, resolved, offered),
        orders=len(together(offered, resolved.organisation)),
        gone=[one for one in chosen if one not in offered],
        total=_total(page, resolved, offered),
        others=any(line.others and not line.held for line in lines),
        held=any(line.held for line in lines),
        files=FIELDS,
    )


def _is_offered(page: Page, resolved: ResolvedOrganisation, one: Chosen) -> bool:
    item = resolved.organisation.catalog.get(one.order.item)
    return item is not None and may_see(item, page.caller.standing.groups)


def _functions(page: Page, resolved: ResolvedOrganisation, offered: Sequence[Chosen]) -> list[str]:
    """Whose items these are; there is an order for each."""
    keys = dict.fromkeys(resolved.organisation.catalog[one.order.item].function for one in offered)
    labels = resolved.organisation.functions
    return [in_language(labels[key].label, page.language) if key in labels else key for key in keys]


async def _names(
    page: Page, connection: Connection, resolved: ResolvedOrganisation, offered: Sequence[Chosen]
) -> Picked:
    people: list[str | None] = []
    groups: list[str | None] = []
    for one in offered:
        item = resolved.organisation.catalog[one.order.item]
        for source in (mentioned_in(page, resolved, item), mentioned(item.form, one.order.variables)):
            people += source[0]
            groups += source[1]
    return await picked(connection, people, groups)


def _line(page: Page, resolved: ResolvedOrganisation, index: int, one: Chosen, names: Picked) -> ChosenLine:
    order, item = one.order, resolved.organisation.catalog[one.order.item]
    calendar = resolved.calendars[item.calendar]
    cases = [values_of(order.item, item, order.quantity, order.variables)]
    holder = order.variables.get(item.beneficiary) if item.beneficiary else None
    advance = item.pre_approved
    return ChosenLine(
        ref=one.ref,
        key=order.item,
        place=f"/items/{index}",
        name=in_language(item.name, page.language),
        quantity=order.quantity,
        price=price_words(page, item, amount_of(item, order.quantity, order.variables)),
        promise=span_words(page, calendar, item.promise),
        expected_at=expected(page, item, calendar, order.variables),
        decided_by=decided_by(page, resolved, item, cases),
        answers=list(answers_in_words(page, item.form, order.variables, names)),
        stages=list(stages_of(page, resolved, item, names, cases, _holder(page, item, holder))),
        parallel=is_parallel(resolved.organisation, item),
        advance=names.group(advance.by) if advance else None,
        ended=has_ended(item, today_of(page.caller, resolved.organisation, item)),
        others=may_order_for_others(item, page.caller.standing.groups),
        held=bool(holder),
        follows=one.follows,
    )


def _holder(page: Page, item: CatalogItem, named: object) -> str | None:
    """Whom it is for: who is named, the reader where nobody else can be, None while the basket may still say.
    Somebody who is not in the directory yet has no supervisor there: it is asked as the reader's own.
    """
    if isinstance(named, str) and named:
        return named
    others = may_order_for_others(item, page.caller.standing.groups)
    return page.caller.id if named or not others else None


def _total(page: Page, resolved: ResolvedOrganisation, offered: Sequence[Chosen]) -> str | None:
    """The price of all, a sum for each currency; None where one item has a price at most."""
    sums: dict[str, float] = {}
    priced = 0
    for one in offered:
        item = resolved.organisation.catalog[one.order.item]
        amount = amount_of(item, one.order.quantity, one.order.variables)
        priced += amount > 0
        sums[item.price.currency] = sums.get(item.price.currency, 0) + amount
    parts = [page.formats.money(amount, currency) for currency, amount in sums.items() if amount]
    return " + ".join(parts) if priced > 1 else None
