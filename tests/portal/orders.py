"""Filling in items of the catalogue as a browser does."""

import re
from typing import Any

import httpx2

from tests.portal.visitors import Visitor, field_of

ACCESS = {"v.application": "ledger", "v.level": "write", "v.until": "2030-03-31", "v.reason": "Closing"}


def entries(html: str) -> list[str]:
    """What the basket's form would order."""
    form = html[html.index('data-form="basket"') :]
    return re.findall(r'name="entry" value="(t_[0-9a-f]{20})"', form)


def once(html: str, form: str) -> str:
    """The key of this showing of the form."""
    return field_of(html[html.index(f'data-form="{form}"') :], "once")


async def fill(browser: Visitor, key: str, answers: dict[str, Any], quantity: str = "1") -> httpx2.Response:
    """Fill in an item's form and continue."""
    page = await browser.page(f"/catalog/{key}")
    return await browser.send(f"/catalog/{key}", once=once(page, "order"), quantity=quantity, **answers)
