"""The amount in the answers of an order: what it comes to, where the item asks for it."""

from collections.abc import Iterator, Mapping
from typing import Any

from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.money import finer_than
from steadydesk.errors import Problem


def unpayable(item: CatalogItem, answers: Mapping[str, Any]) -> Iterator[Problem]:
    """With a pointer into the answers: an amount that is finer than the item's currency."""
    field = item.price.variable
    amount = answers.get(field) if field else None
    if not isinstance(amount, int | float) or isinstance(amount, bool):
        return
    if (problem := finer_than(item.price.currency, amount)) is not None:
        yield Problem(f"/{field}", problem)
