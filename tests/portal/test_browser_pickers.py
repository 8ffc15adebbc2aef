"""A field with suggestions by keys alone, and the same field without scripts."""

from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page

from tests.portal.browsers import People, click_and_go, form, number_in

SERVICE = "[name='v.service']"


async def machine_form(page: Page, people: People) -> Locator:
    """All that it asks for but its service."""
    await page.goto(f"{people.base}/catalog/virtual-machine")
    order = form(page, "/catalog/virtual-machine")
    await order.locator("[name='v.name']").fill(f"vm-{uuid4().hex[:12]}")
    await order.locator("[name='v.size'][value=small]").check()
    await order.locator("[name='v.system'][value=debian]").check()
    return order


async def sent(page: Page, order: Locator, people: People) -> str:
    """The service that the machine was ordered for."""
    await click_and_go(page, order.locator("button.main"))
    await click_and_go(page, form(page, "/basket").locator("button.main"))
    found = await people.call("rita.requester", "GET", f"/requests/{number_in(page.url)}")
    service = found["items"][0]["variables"]["service"]
    assert await page.locator("main").get_by_text(service).count()
    return service


async def test_a_service_is_picked_by_keys(people: People) -> None:
    rita = await people.open("rita.requester")
    order = await machine_form(rita, people)
    field = order.locator(SERVICE)
    await field.focus()
    await rita.keyboard.type("work")
    option = rita.get_by_role("option")
    await option.filter(has_text="Digital workplace").wait_for()
    assert await option.all_text_contents() == ["Digital workplaceworkplace", "Platform and networkplatform"]
    await rita.keyboard.press("ArrowDown")
    await rita.keyboard.press("Enter")
    assert await field.get_attribute("aria-expanded") == "false"
    assert await sent(rita, order, people) == "Digital workplace"


async def test_words_that_are_no_service_stay_as_they_were_typed(people: People) -> None:
    rita = await people.open("rita.requester")
    order = await machine_form(rita, people)
    async with rita.expect_response("**/suggest/configuration-items?q=work**"):
        await order.locator(SERVICE).press_sequentially("work of the quay")
    await rita.keyboard.press("Escape")
    assert await sent(rita, order, people) == "work of the quay"


@pytest.mark.parametrize("typed", ["Digital workplace", "Printer 4"])
async def test_without_scripts_it_is_a_plain_field(people: People, typed: str) -> None:
    first = await people.open("rita.requester")
    signed_in = await first.context.storage_state()
    rita = await people.window(storage_state=signed_in, java_script_enabled=False)
    order = await machine_form(rita, people)
    await order.locator(SERVICE).fill(typed)
    assert await sent(rita, order, people) == typed
