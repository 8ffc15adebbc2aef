"""Pages on a screen of 360 pixels: no text lies on another, no initials leave their circle, no word is broken, and each
field is there whole.
"""

import pytest
from playwright.async_api import Page

from tests.portal.browsers import ACCESS, LAPTOP, People

_OVERLAPS = """() => {
  const boxes = [...document.querySelectorAll(".reason > div")].map((box) => {
    const range = document.createRange();
    range.selectNodeContents(box);
    return range.getBoundingClientRect();
  });
  const touch = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return boxes.flatMap((a, at) => boxes.slice(at + 1).filter((b) => touch(a, b))).length;
}"""
_LEAVING = """() => [...document.querySelectorAll(".initials")].filter((mark) => {
  const range = document.createRange();
  range.selectNodeContents(mark);
  const text = range.getBoundingClientRect(), circle = mark.getBoundingClientRect();
  return circle.width && (Math.abs(circle.width - circle.height) > 1 || text.width > circle.width * 0.9);
}).map((mark) => mark.textContent)"""

_BROKEN = """() => [...document.querySelectorAll(".steps .label")].filter((label) => {
  const words = document.createRange(), text = label.firstChild;
  words.selectNodeContents(text);
  return !text.data.trim().includes(" ") && words.getClientRects().length > 1;
}).map((label) => label.firstChild.data)"""


async def check(page: Page) -> None:
    assert await page.locator(".reason").count() > 0
    assert await page.locator(".initials").count() > 1
    assert await page.evaluate(_OVERLAPS) == 0
    assert await page.evaluate(_LEAVING) == []
    assert await page.evaluate(_BROKEN) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_what_it_waits_for_can_be_read_on_every_width(people: People) -> None:
    body = {
        "items": [
            {"item": "new-laptop", "variables": LAPTOP},
            {"item": "application-access", "variables": ACCESS},
        ]
    }
    number = (await people.call("rita.requester", "POST", "/requests", body))["number"]
    for width in (360, 1280):
        await check(await people.open("rita.requester", f"/records/{number}", width=width))


_NOT_WHOLE = """() => {
  const fields = [...document.querySelectorAll("main :is(input:not([type=hidden]), select)")];
  const box = (one) => one.getBoundingClientRect();
  const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
  const beside = (field) => fields.every((other) => other === field || apart(box(field), box(other)));
  const inside = (field) => box(field).width && box(field).right <= box(field.closest(".card")).right;
  return fields.filter((field) => !inside(field) || !beside(field)).map((field) => field.name);
}"""


@pytest.mark.parametrize("path", ["messages", "delegations", "tokens", ""])
async def test_each_field_of_an_account_is_there_whole(people: People, path: str) -> None:
    page = await people.open("ralf.requester", f"/profile/{path}".rstrip("/"), width=360)
    assert await page.locator("main input").count() > 0
    assert await page.evaluate(_NOT_WHOLE) == []
