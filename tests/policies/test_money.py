"""Amounts that nobody could pay: finer than the minor units of their currency."""

from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from steadydesk.contracts.catalog import Price
from steadydesk.contracts.money import finer_than, minor_units
from steadydesk.policies.form_schema import json_schema
from steadydesk.policies.money import unpayable, with_smallest_coin
from tests.support.demo_organisation import demo_organisation


@pytest.mark.parametrize(
    ("currency", "amount", "decimals"),
    [
        ("EUR", 12.345, "more than 2"), ("EUR", 12.34, None), ("EUR", 12.30, None), ("EUR", 12, None),
        ("EUR", 1e-9, "more than 2"), ("EUR", 1e15, None), ("EUR", 0.1 + 0.2, "more than 2"),
        ("USD", 0.001, "more than 2"),
        ("JPY", 0.5, "no"), ("JPY", 5.0, None), ("JPY", 1e300, None),
        ("KWD", 1.234, None), ("KWD", 1.2345, "more than 3"), ("CLF", 1.2345, None),
    ],
)  # fmt: skip
def test_decimals_by_currency(currency: str, amount: float, decimals: str | None) -> None:
    said = finer_than(currency, amount)
    assert (said is None) == (decimals is None)
    assert said is None or f"{decimals} decimals, as an amount in {currency}" in said


@given(st.sampled_from(["EUR", "JPY", "KWD", "CLF"]), st.integers(0, 10**12))
def test_every_number_of_the_smallest_coin_can_be_paid(currency: str, coins: int) -> None:
    amount = Decimal(coins).scaleb(-minor_units(currency))
    assert finer_than(currency, float(amount)) is None


@pytest.mark.parametrize(
    ("answers", "pointers"),
    [({"amount": 12.345}, ["/amount"]), ({"amount": 12.34}, []), ({"amount": "12.345"}, []), ({}, [])],
)
def test_the_question_that_holds_the_amount(answers: dict[str, Any], pointers: list[str]) -> None:
    """What is no number at all, the form says."""
    item = demo_organisation().catalog["expense-payment"]
    assert [problem.pointer for problem in unpayable(item, answers)] == pointers


@pytest.mark.parametrize(
    ("currency", "fits", "too_fine"), [("EUR", 12.34, 12.345), ("JPY", 5, 0.5), ("KWD", 1.234, 1.2345)]
)
def test_the_published_schema_says_it_too(currency: str, fits: float, too_fine: float) -> None:
    item = demo_organisation().catalog["expense-payment"]
    item = item.model_copy(update={"price": item.price.model_copy(update={"currency": currency})})
    schema = with_smallest_coin(item, json_schema(item.form))
    question = jsonschema_rs.validator_for(schema["properties"]["amount"])
    assert (question.is_valid(fits), question.is_valid(too_fine)) == (True, False)


def test_other_questions_are_left_as_they_are() -> None:
    item = demo_organisation().catalog["new-laptop"]
    assert with_smallest_coin(item, json_schema(item.form)) == json_schema(item.form)


def test_a_price_can_be_paid() -> None:
    with pytest.raises(ValidationError, match="'amount' must not have more than 2 decimals"):
        Price(amount=9.999, currency="EUR")
    assert Price(amount=9.999, currency="TND").amount == 9.999
