"""An item of the catalogue as its reader may order it, and the page about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.responses import HTMLResponse

from api.follow_up import request_meant
from api.form_answers import today_of
from api.portal import basket
from api.portal.answer_words import answers_in_words, mentioned
from api.portal.forms import FormState
from api.portal.item_words import (
    cases_of,
    decided_by,
    expected,
    is_parallel,
    mentioned_in,
    price_words,
    span_words,
    stages_of,
)
from api.portal.page import Page
from api.security import Caller
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.configuration import ResolvedOrganisation
from steadydesk.contracts.language import in_language
from steadydesk.errors import UnknownRecord
from steadydesk.policies.entitlement import may_order_for_others, may_see, rule_holds
from steadydesk.policies.pre_approval import has_ended
from steadydesk.records.directory_facts import person_facts
from steadydesk.records.engine import Connection, autocommit
from steadydesk.records.organisation import in_force
from steadydesk.records.views.pickers import picked


@dataclass(frozen=True)
class Offer:
    """An item with the organisation that it is part of."""

    key: str
    item: CatalogItem
    resolved: ResolvedOrganisation


async def offer_of(page: Page, connection: Connection, key: str) -> Offer:
    """UnknownRecord for what is not in the catalogue, or not for the reader."""
    _, resolved = await in_force(connection)
    item = resolved.organisation.catalog.get(key)
    if item is None or not may_see(item, page.caller.standing.groups):
        raise UnknownRecord("the catalogue has no such item for you")
    return Offer(key, item, resolved)


async def orderable(
    connection: Connection, caller: Caller, resolved: ResolvedOrganisation
) -> dict[str, CatalogItem]:
    """What the caller may order, for themselves or for somebody else."""
    groups = caller.standing.groups
    seen = {key: item for key, item in resolved.organisation.catalog.items() if may_see(item, groups)}
    if all(item.entitlement.rule is None for item in seen.values()):
        return seen
    own = (await person_facts(connection, [caller.id])).get(caller.id, {})
    return {
        key: item
        for key, item in seen.items()
        if may_order_for_others(item, groups) or rule_holds(item, own, own)
    }


async def show_item(
    page: Page,
    key: str,
    failed: FormState | None = None,
    entry: str | None = None,
    follows: str | None = None,
) -> HTMLResponse:
    """``entry`` is what is in the basket already, to be changed; ``follows`` the closed request that is taken up, which
    is looked at once the form is sent.
    """
    async with autocommit(page.services.engine).connect() as connection:
        offer = await offer_of(page, connection, key)
        found = await basket.chosen(page, connection, [entry]) if entry else []
        kept = next((one for one in found if one.order.item == key), None)
        given = kept.order if kept else None
        people, groups = mentioned_in(page, offer.resolved, offer.item)
        of_example, groups_of_example = mentioned(offer.item.form, offer.item.example)
        names = await picked(connection, [*people, *of_example], [*groups, *groups_of_example])
    item, resolved = offer.item, offer.resolved
    cases = cases_of(key, item)
    return await page.show(
        "catalog/item",
        failed=failed,
        key=key,
        item=item,
        given=given,
        entry=entry if given else None,
        follows=kept.follows if kept and failed is None else request_meant(follows),
        names=names,
        decided_by=decided_by(page, resolved, item, cases),
        stages=list(stages_of(page, resolved, item, names, cases)),
        example=list(answers_in_words(page, item.form, item.example, names)),
        **_terms(page, offer),
        **_place(page, offer),
    )


def says_for_whom(item: CatalogItem) -> bool:
    """Whether its own form always asks for whom it is, so that nothing else has to."""
    field = item.form.fields.get(item.beneficiary or "")
    return field is not None and field.visible_when is None


def named_for(page: Page, item: CatalogItem, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers; where the item's own field for whom it is may stay empty, with the reader for nobody else."""
    named = item.beneficiary
    if named is None or named in answers or not says_for_whom(item) or item.form.fields[named].required:
        return dict(answers)
    return {**answers, named: page.caller.person.user_name}


def _terms(page: Page, offer: Offer) -> dict[str, Any]:
    """What it costs, until when it is promised, and whether it can be ordered at all."""
    item, resolved = offer.item, offer.resolved
    calendar = resolved.calendars[item.calendar]
    return {
        "price": price_words(page, item),
        "promise": span_words(page, calendar, item.promise),
        "expected_at": expected(page, item, calendar, {}),
        "ended": has_ended(item, today_of(page.caller, resolved.organisation, item)),
        "further": _approvals_within(page, offer),
    }


def _place(page: Page, offer: Offer) -> dict[str, Any]:
    """Where in the catalogue it stands, and in which basket it would go."""
    item, organisation = offer.item, offer.resolved.organisation
    function = organisation.functions.get(item.function)
    return {
        "category": category_words(page, item.category),
        "function": in_language(function.label, page.language) if function else item.function,
        "parallel": is_parallel(organisation, item),
        "others": may_order_for_others(item, page.caller.standing.groups),
        "says_for_whom": says_for_whom(item),
        "in_basket": len(basket.references(page)),
        "steps": [in_language(step.label, page.language) for step in item.plan.steps.values()],
    }


def category_words(page: Page, category: str) -> str:
    return page.words.either(f"category.{category}", category.replace("-", " ").capitalize())


def _approvals_within(page: Page, offer: Offer) -> list[str]:
    """Approvals that its fulfilment may ask for."""
    policies = offer.resolved.organisation.approval_policies
    keys = dict.fromkeys(step.policy for step in offer.item.plan.steps.values() if step.policy)
    return [in_language(policies[key].label, page.language) for key in keys if key in policies]
