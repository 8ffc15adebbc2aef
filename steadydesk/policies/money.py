"""The amount in the answers of an order, where the item asks for it: in no finer steps than its currency has."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.money import finer_than, minor_units
from steadydesk.errors import Problem


def unpayable(item: CatalogItem, answers: Mapping[str, Any]) -> Iterator[Problem]:
    """With a pointer into the answers: an amount that is finer than the item's currency."""
    field = item.price.variable
    amount = answers.get(field) if field else None
    if not isinstance(amount, int | float) or isinstance(amount, bool):
        return
    if (problem := finer_than(item.price.currency, amount)) is not None:
        yield Problem(f"/{field}", problem)


def with_smallest_coin(item: CatalogItem, schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of the item's form, with ``multipleOf`` at the amount: 0.01 in EUR, 1 in JPY."""
    field, properties = item.price.variable, schema["properties"]
    if field is None or field not in properties:
        return schema
    coin = Decimal(1).scaleb(-minor_units(item.price.currency))
    amount = {**properties[field], "multipleOf": float(coin)}
    return {**schema, "properties": {**properties, field: amount}}
