"""The catalogue as the caller may order from it."""

from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from api.form_answers import today_of
from api.security import Caller, Reader
from api.state import ServicesOf
from steadydesk.contracts.base import Contract
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.language import in_language
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.page import Page
from steadydesk.errors import UnknownRecord
from steadydesk.policies.entitlement import may_see
from steadydesk.policies.form_schema import json_schema
from steadydesk.policies.money import with_smallest_coin
from steadydesk.policies.pre_approval import has_ended
from steadydesk.records.organisation import in_force

router = APIRouter(prefix="/catalog/items", tags=["catalogue"])


class ItemSummary(Contract):
    key: str
    name: str
    description: str
    category: str
    function: str
    price: float
    price_variable: str | None = Field(
        default=None, description="The question of the form that states the price; `price` is 0 then."
    )
    currency: str
    promise_hours: float
    approvals: list[str]
    max_quantity: int
    pre_approved_until: date | None = Field(
        default=None, description="Nobody has to approve it, until this day; after it, no order is taken."
    )
    orderable: bool = Field(default=True, description="False once its pre-approval has ended.")


class ItemDetails(ItemSummary):
    form: dict[str, Any]
    example: dict[str, Any]
    fulfilment_group: str
    owner: str
    for_others: bool


@router.get("")
async def list_items(caller: Reader, services: ServicesOf) -> Page[ItemSummary]:
    """What you may order."""
    async with services.engine.connect() as connection:
        _, resolved = await in_force(connection)
    organisation = resolved.organisation
    return Page(
        items=[
            ItemSummary(**_summary(caller, organisation, key, item))
            for key, item in organisation.catalog.items()
            if may_see(item, caller.standing.groups)
        ]
    )


@router.get("/{key}")
async def show_item(key: str, caller: Reader, services: ServicesOf) -> ItemDetails:
    """One item with its form as JSON Schema 2020-12 and an example that satisfies it."""
    async with services.engine.connect() as connection:
        _, resolved = await in_force(connection)
    item = resolved.organisation.catalog.get(key)
    if item is None or not may_see(item, caller.standing.groups):
        raise UnknownRecord("the catalogue has no such item for you")
    language = caller.standing.person.language
    return ItemDetails(
        **_summary(caller, resolved.organisation, key, item),
        form=with_smallest_coin(item, json_schema(item.form, language)),
        example=item.example,
        fulfilment_group=item.fulfilment_group,
        owner=item.owner,
        for_others=bool(item.entitlement.for_others),
    )


def _summary(caller: Caller, organisation: Organisation, key: str, item: CatalogItem) -> dict[str, Any]:
    language = caller.standing.person.language
    policy = organisation.approval_policies[item.approval] if item.approval else None
    return {
        "key": key,
        "name": in_language(item.name, language),
        "description": in_language(item.description, language),
        "category": item.category,
        "function": item.function,
        "price": item.price.amount,
        "price_variable": item.price.variable,
        "currency": item.price.currency,
        "promise_hours": item.promise.total_seconds() / 3600,
        "approvals": [in_language(stage.label, language) for stage in policy.stages.values()]
        if policy
        else [],
        "max_quantity": item.max_quantity,
        "pre_approved_until": item.pre_approved.until if item.pre_approved else None,
        "orderable": not has_ended(item, today_of(caller, organisation, item)),
    }
