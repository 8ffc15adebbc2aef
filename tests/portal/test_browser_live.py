"""Inbox, first page and queue stay open while others work: what is new shows by itself, and nothing is lost by it."""

import asyncio
import re
from uuid import uuid4

from playwright.async_api import Page, Route

from tests.portal.browsers import ACCESS, People
from tests.portal.live import seen_live

_FOCUSED = "document.activeElement.closest('[data-row]')?.innerText ?? ''"


def mailing_list() -> dict[str, object]:
    return {"address": f"list-{uuid4().hex[:12]}", "owner": "rita.requester", "open_to_outside": False}


async def test_an_approval_appears_in_the_open_inbox(people: People) -> None:
    first = await people.order("application-access", ACCESS)
    mona = await people.open("mona.manager", f"/approvals?selected={first}-G1")
    await mona.locator("[data-hot=a]").wait_for()
    comment = mona.locator("#decision form").first.get_by_label("Comment")
    await comment.fill("Half a sen")
    row = mona.locator("[data-row]", has_text=first)
    await row.locator("input").check()
    await row.get_by_role("link").focus()

    async with seen_live(mona, "inbox", "Mailing list"):
        second = await people.order("mailing-list", mailing_list())

    assert await mona.locator("[data-row]", has_text=second).count() == 1
    assert first in await mona.evaluate(_FOCUSED)
    assert await row.locator("input").is_checked()
    assert await comment.input_value() == "Half a sen"
    assert await mona.locator("[data-row][aria-current]", has_text=first).count() == 1
    await people.approve(first, "mona.manager")
    await mona.locator("[data-row]", has_text=first).wait_for(state="detached")
    assert await comment.input_value() == "Half a sen", "the one that was chosen stays beside the list"
    await people.approve(second, "mona.manager")


async def test_a_row_chosen_while_the_list_is_asked_for_again_stays_chosen(people: People) -> None:
    first, second = [await people.order("application-access", ACCESS) for _ in "12"]
    mona = await people.open("mona.manager", f"/approvals?selected={first}-G1")
    await mona.locator("[data-hot=a]").wait_for()
    asked, chosen = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        if "steadydesk-live" in route.request.headers and not asked.is_set():
            asked.set()
            await chosen.wait()
        await route.continue_()

    await mona.route("**/approvals**", hold)
    third = await people.order("mailing-list", mailing_list())
    await asked.wait()
    await mona.locator("[data-row]", has_text=second).get_by_role("link").click()
    await mona.locator("[data-row][aria-current]", has_text=second).wait_for()
    chosen.set()
    await mona.locator("[data-row]", has_text=third).wait_for()
    assert await mona.locator("[data-row][aria-current]", has_text=second).count() == 1
    for number in (first, second, third):
        await people.approve(number, "mona.manager")


async def test_the_first_approval_appears_where_there_was_none(people: People) -> None:
    helga = await people.open("helga.hrlead", "/approvals?show=open")
    assert await helga.locator("[data-row]").count() == 0
    async with seen_live(helga, "inbox", "Eintritt"):
        answers = {
            "person": {"name": "Nils Neumann"}, "first_day": "2031-03-01", "supervisor": "mona.manager",
            "place": "berlin", "laptop": "light",
        }  # fmt: skip
        number = await people.order("joiner", answers, "hanna.hr")
    await helga.keyboard.press("j")
    await helga.locator("[data-beside-place]").get_by_role("link", name=number, exact=True).first.wait_for()
    await people.approve(number, "helga.hrlead")
    await helga.locator("[data-row]").wait_for(state="detached")


async def settled_unread(page: Page) -> int:
    """The number at the bell, once nothing of what was done before is on its way to it any more."""
    seen: list[int] = []
    async with asyncio.timeout(20):
        while len(seen) < 4 or len(set(seen[-4:])) > 1:
            seen.append(int(re.findall(r"\d+", await page.locator(".bell .hidden").inner_text())[0]))
            await page.wait_for_timeout(400)
    return seen[-1]


async def test_the_number_at_the_bell_grows_on_any_page(people: People) -> None:
    """Also on one that shows nothing else live, and on the page of a record, which follows that record alone."""
    orders = [await people.order("application-access", ACCESS) for _ in range(3)]
    for number, path in zip(orders[:2], ("/profile", f"/records/{orders[2]}"), strict=True):
        rita = await people.open("rita.requester", path)
        before = await settled_unread(rita)
        async with seen_live(rita, "bell", f"{before + 1} unread notification"):
            question = {"decision": "ask", "comment": "Which books?"}
            await people.call("mona.manager", "POST", f"/approvals/{number}-G1/decision", question)
        await rita.close()


async def test_the_first_page_and_the_queue_show_what_came(people: People) -> None:
    david = await people.open("david.director", "/")
    mona = await people.open("mona.manager", "/")
    ingo = await people.open("ingo.it", "/tasks?whose=unassigned&sort=changed&state=open")
    name = f"list-{uuid4().hex[:12]}"
    async with seen_live(david, "home", "Mona Marsh"):
        number = await people.order("mailing-list", mailing_list() | {"address": name}, "mona.manager")
    await mona.locator('[data-live="home"]').get_by_text(number).first.wait_for()
    async with seen_live(ingo, "work", number):
        await people.approve(number, "david.director")
    await david.locator('[data-live="home"]').get_by_text(number).first.wait_for(state="detached")
