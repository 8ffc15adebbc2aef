"""A number is read as the language of its page writes it."""

from typing import Any

import pytest

from api.portal.answers import answers_in
from api.portal.forms import Posted
from api.portal.words import words_in
from steadydesk.contracts.form import Form
from tests.portal.orders import fill
from tests.portal.test_basket import EXPENSE
from tests.portal.visitors import visitor
from tests.support.api_desk import ApiDesk

FORM = Form.model_validate({"fields": {"amount": {"kind": "number", "label": "Amount", "required": True}}})


@pytest.mark.parametrize(
    ("language", "typed", "read"),
    [
        ("de", "1.000", 1000),
        ("de", "1.000.000", 1_000_000),
        ("de", "1.234,50", 1234.5),
        ("de", "-2.500,5", -2500.5),
        ("de", "184,5", 184.5),
        ("de", "184.5", 184.5),
        ("de", "1234.567", 1234.567),
        ("de", "1,000", 1),
        ("de", "1,234.50", "1,234.50"),
        ("en", "1,000", 1000),
        ("en", "1,234.50", 1234.5),
        ("en", "1.000", 1),
        ("en", "184,5", 184.5),
        ("en", "1,23,456", "1,23,456"),
        ("en", "1.234,50", "1.234,50"),
        ("en", "a lot", "a lot"),
    ],
)
def test_a_number_is_read_as_its_language_writes_it(language: str, typed: str, read: Any) -> None:
    posted = Posted(values={"v.amount": [typed]}, files={})
    assert answers_in(FORM, posted, words_in(language)) == {"amount": read}


async def test_what_was_typed_is_shown_again_as_its_language_writes_it(portal: ApiDesk) -> None:
    async with visitor(portal, "ralf.requester") as ralf:
        assert (await fill(ralf, "expense-payment", EXPENSE | {"v.amount": "1.184,5"})).status_code == 303
        basket = await ralf.page("/basket")
        assert "1.184,50" in basket
        ref = basket.split("?entry=")[1].split('"')[0]
        assert 'value="1184,5"' in await ralf.page(f"/catalog/expense-payment?entry={ref}")
