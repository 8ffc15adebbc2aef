"""The catalogue as the caller may order from it."""

from typing import Any

from fastapi import APIRouter

from api.security import Reader
from api.state import ServicesOf
from steadydesk.contracts.base import Contract
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.language import in_language
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.page import Page
from steadydesk.errors import UnknownRecord
from steadydesk.policies.entitlement import may_see
from steadydesk.policies.form_schema import json_schema
from steadydesk.records.organisation import in_force

router = APIRouter(prefix="/catalog/items", tags=["catalogue"])


class ItemSummary(Contract):
    key: str
    name: str
    description: str
    category: str
    function: str
    price: float
    currency: str
    promise_hours: float
    approvals: list[str]
    max_quantity: int


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
    language = caller.standing.person.language
    return Page(
        items=[
            ItemSummary(**_summary(organisation, key, item, language))
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
        **_summary(resolved.organisation, key, item, language),
        form=json_schema(item.form, language),
        example=item.example,
        fulfilment_group=item.fulfilment_group,
        owner=item.owner,
        for_others=bool(item.entitlement.for_others),
    )


def _summary(organisation: Organisation, key: str, item: CatalogItem, language: str) -> dict[str, Any]:
    policy = organisation.approval_policies[item.approval] if item.approval else None
    return {
        "key": key,
        "name": in_language(item.name, language),
        "description": in_language(item.description, language),
        "category": item.category,
        "function": item.function,
        "price": item.price.amount,
        "currency": item.price.currency,
        "promise_hours": item.promise.total_seconds() / 3600,
        "approvals": [in_language(stage.label, language) for stage in policy.stages.values()]
        if policy
        else [],
        "max_quantity": item.max_quantity,
    }
