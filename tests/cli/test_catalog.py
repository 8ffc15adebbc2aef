"""What an item costs, for a terminal."""

from typing import Any

import pytest

from steadydesk.cli.catalog import price_of


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"price": 0.0, "price_variable": "amount"}, "the amount that you state, in EUR"),
        ({"price": 0.0, "price_variable": None}, "free of charge"),
        ({"price": 1299.5, "price_variable": None}, "1299.5 EUR"),
        ({"price": 1250000.99, "price_variable": None}, "1250000.99 EUR"),
    ],
)
def test_the_price_is_said_as_the_portal_says_it(item: dict[str, Any], words: str) -> None:
    assert price_of({**item, "currency": "EUR"}) == words
