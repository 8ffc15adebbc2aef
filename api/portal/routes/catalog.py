"""The catalogue: what the reader may order, with filters in the address; and each item."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Query
from fastapi.responses import Response

from api.follow_up import request_meant
from api.form_answers import today_of
from api.portal import basket
from api.portal.addresses import with_filters
from api.portal.guard import pages
from api.portal.item_page import category_words, orderable, show_item
from api.portal.item_words import price_words, span_words
from api.portal.page import OrdererPage, Page
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.configuration import ResolvedOrganisation
from steadydesk.contracts.language import in_language
from steadydesk.policies.pre_approval import has_ended
from steadydesk.records.engine import autocommit
from steadydesk.records.organisation import in_force

router = pages()

ItemKey = Annotated[str, Path(max_length=63)]
_Filter = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True)
class Card:
    """An item in a few words; ``approvals`` is the number of stages that it can have."""

    key: str
    category: str
    name: str
    description: str
    price: str
    promise: str
    approvals: int
    ended: bool
    """Its pre-approval: no order is taken."""


@router.get("/catalog")
async def show_catalog(
    page: OrdererPage,
    function: _Filter = "",
    category: _Filter = "",
    q: _Filter = "",
    follows: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """``follows`` is the closed request that what is chosen takes up; it goes along."""
    taken_up = request_meant(follows)
    async with autocommit(page.services.engine).connect() as connection:
        _, resolved = await in_force(connection)
        offered = await orderable(connection, page.caller, resolved)
    of_function = {key: item for key, item in offered.items() if function in ("", item.function)}
    found = {
        key: item
        for key, item in of_function.items()
        if category in ("", item.category) and _fits(page, resolved, item, q)
    }
    return await page.show(
        "catalog/catalog",
        cards=[_card(page, resolved, key, item) for key, item in found.items()],
        count=len(found),
        functions=_function_tabs(page, resolved, offered, q, taken_up),
        categories=_category_tabs(page, of_function, function, q, taken_up),
        here_function=_address(function, "", q, taken_up),
        here_category=_address(function, category, q, taken_up),
        anew=_address("", "", "", taken_up),
        follows=taken_up,
        function=function,
        category=category,
        text=q,
        in_basket=len(basket.references(page)),
    )


@router.get("/catalog/{key}")
async def show_one(
    key: ItemKey,
    page: OrdererPage,
    entry: Annotated[str | None, Query(max_length=40)] = None,
    follows: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """What it is, what it promises, who approves, and the form to order it."""
    return await show_item(page, key, entry=entry, follows=follows)


def _card(page: Page, resolved: ResolvedOrganisation, key: str, item: CatalogItem) -> Card:
    policy = resolved.organisation.approval_policies[item.approval] if item.approval else None
    return Card(
        key=key,
        category=category_words(page, item.category),
        name=in_language(item.name, page.language),
        description=in_language(item.description, page.language),
        price=price_words(page, item),
        promise=span_words(page, resolved.calendars[item.calendar], item.promise),
        approvals=len(policy.stages) if policy else 0,
        ended=has_ended(item, today_of(page.caller, resolved.organisation, item)),
    )


def _fits(page: Page, resolved: ResolvedOrganisation, item: CatalogItem, typed: str) -> bool:
    """Whether the item's words hold every word that was typed."""
    function = resolved.organisation.functions.get(item.function)
    words = [in_language(item.name, page.language), in_language(item.description, page.language)]
    words += [
        category_words(page, item.category),
        in_language(function.label, page.language) if function else "",
    ]
    text = "\n".join(words).casefold()
    return all(word in text for word in typed.casefold().split())


def _function_tabs(
    page: Page,
    resolved: ResolvedOrganisation,
    offered: Mapping[str, CatalogItem],
    q: str,
    follows: str | None,
) -> list[tuple[str, str]]:
    labels = resolved.organisation.functions
    keys = dict.fromkeys(item.function for item in offered.values())
    tabs = [
        (
            _address(key, "", q, follows),
            in_language(labels[key].label, page.language) if key in labels else key,
        )
        for key in keys
    ]
    return [(_address("", "", q, follows), page.words("catalog.everything")), *tabs]


def _category_tabs(
    page: Page, of_function: Mapping[str, CatalogItem], function: str, q: str, follows: str | None
) -> list[tuple[str, str]]:
    keys = dict.fromkeys(item.category for item in of_function.values())
    tabs = [(_address(function, key, q, follows), category_words(page, key)) for key in keys]
    return [(_address(function, "", q, follows), page.words("catalog.all_categories")), *tabs]


def _address(function: str, category: str, q: str, follows: str | None) -> str:
    return with_filters("/catalog", function=function, category=category, q=q, follows=follows)
