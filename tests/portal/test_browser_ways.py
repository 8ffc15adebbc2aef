"""Ways through the portal other than a mouse on a large screen: keys only, a small touch screen, no scripts."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Page

from tests.portal.browsers import ACCESS, REFUSED, People, click_and_go, form, number_in

PHONE = {"width": 360, "has_touch": True, "is_mobile": True}

_TO_REACH = """() => {
  const alone = (one) => one.type !== "radio" || one.checked ||
    (!document.querySelector(`[name="${CSS.escape(one.name)}"]:checked`) &&
      one === document.querySelector(`[type=radio][name="${CSS.escape(one.name)}"]`));
  window.toReach = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
    .filter((one) => !one.disabled && one.type !== "hidden" && one.checkVisibility() && alone(one));
  return window.toReach.length;
}"""
_FOCUSED = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  const ring = [getComputedStyle(one), getComputedStyle(one, "::after")]
    .some((style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
  const shown = box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return [window.toReach.indexOf(one), ring && shown, one.outerHTML.slice(0, 160)];
}"""
_MISSED = """(reached) =>
  window.toReach.filter((_, at) => !reached.includes(at)).map((one) => one.outerHTML.slice(0, 160))"""


async def at_row(page: Page, number: str) -> None:
    """With j, to the row of the request, and its approval beside it."""
    row = page.locator("[data-row][aria-current]")
    for _ in range(30):
        if number in await row.inner_text():
            break
        await page.keyboard.press("j")
    await page.locator("[data-beside-place]").get_by_role("link", name=number, exact=True).first.wait_for()


async def test_the_inbox_is_worked_through_with_keys(people: People) -> None:
    access = ACCESS | {"level": "read"}
    first, second, third, fourth = [
        await people.order("application-access", access, "frida.facilities") for _ in "1234"
    ]
    dora = await people.open("dora.director", "/approvals")
    await at_row(dora, second)
    await dora.keyboard.press("k")
    await dora.locator("[data-row][aria-current]", has_text=first).wait_for()
    await at_row(dora, first)
    await dora.keyboard.press("a")
    assert await dora.evaluate("document.activeElement.dataset.hot") == "a"
    await dora.keyboard.press("Shift+Tab")
    await dora.keyboard.type("jar: by keys alone")
    await dora.keyboard.press("Tab")
    async with dora.expect_navigation():
        await dora.keyboard.press("Enter")
    await at_row(dora, second)
    await dora.keyboard.press("r")
    assert await dora.evaluate("document.activeElement.name") == "comment"
    await dora.keyboard.type("Not this one.")
    await dora.keyboard.press("Tab")
    async with dora.expect_navigation():
        await dora.keyboard.press("Enter")
    await at_row(dora, third)
    await dora.keyboard.press("c")
    assert await dora.evaluate("document.activeElement.name") == "comment"
    await dora.keyboard.type("Until the audit.")
    await dora.keyboard.press("Tab")
    assert await dora.evaluate("document.activeElement.value") == "approved"
    async with dora.expect_navigation():
        await dora.keyboard.press("Enter")
    await at_row(dora, fourth)
    await dora.keyboard.press("x")
    assert await dora.locator("[data-row][aria-current] input").is_checked()
    async with dora.expect_navigation():
        await dora.keyboard.press("o")
    assert dora.url.endswith(f"/approvals/{fourth}-G1")
    assert [await decided(people, number) for number in (first, second, third, fourth)] == [
        ("approved", "jar: by keys alone"),
        ("rejected", "Not this one."),
        ("approved", "Until the audit."),
        ("requested", None),
    ]


async def decided(people: People, number: str) -> tuple[str, str | None]:
    """The approval's state, and what was written with the decision."""
    state = (await people.call("dora.director", "GET", f"/approvals/{number}-G1"))["state"]
    timeline = (await people.call("dora.director", "GET", f"/requests/{number}/timeline"))["items"]
    return state, next((entry["text"] for entry in timeline if entry["text"]), None)


async def test_the_way_past_the_menu_and_to_the_search(people: People) -> None:
    rita = await people.open("rita.requester")
    await rita.keyboard.press("Tab")
    assert await rita.evaluate("document.activeElement.className") == "skip"
    await rita.keyboard.press("Enter")
    assert await rita.evaluate("document.activeElement.id") == "content"
    await rita.keyboard.press("/")
    await rita.keyboard.type("access")
    await rita.keyboard.press("Enter")
    await rita.wait_for_url("**/search?q=access")


@pytest.mark.parametrize(
    ("user_name", "path"),
    [
        ("rita.requester", "/"),
        ("rita.requester", "/catalog/new-laptop"),
        ("rita.requester", "/records/{number}"),
        ("mona.manager", "/approvals/{number}-G1"),
        ("ines.itlead", "/tasks"),
    ],
)
async def test_everything_is_reached_by_tab_with_a_ring_around_it(
    people: People, user_name: str, path: str
) -> None:
    number = await people.order("application-access", ACCESS)
    page = await people.open(user_name, path.format(number=number))
    count = await page.evaluate(_TO_REACH)
    assert count > 10
    reached: set[int] = set()
    bare: list[str] = []
    for _ in range(count + 12):  # A field for a date takes three.
        await page.keyboard.press("Tab")
        at, ringed, html = await page.evaluate(_FOCUSED)
        if at == -1 and len(reached) > 1:
            break
        reached.add(at)
        if not ringed:
            bare.append(html)
    assert bare == []
    assert await page.evaluate(_MISSED, sorted(reached)) == []


async def entry_about(people: People, user_name: str, number: str, event: str) -> dict[str, Any]:
    """Of the person's list, as soon as it is there."""
    async with asyncio.timeout(20):
        while True:
            entries = (await people.call(user_name, "GET", "/notifications"))["items"]
            found = [one for one in entries if (one["number"], one["event"]) == (number, event)]
            if found:
                return found[0]


async def test_from_a_mail_to_the_decision_in_one_tap(people: People) -> None:
    number = await people.order("application-access", ACCESS)
    link = (await entry_about(people, "mona.manager", number, "approval.requested"))["link"]
    gate = f"/approvals/{number}-G1"
    assert link.endswith(gate)
    mona = await people.window(**PHONE)
    await mona.goto(people.base + gate)
    await people.sign_in(mona, "mona.manager")
    assert mona.url == people.base + gate
    async with mona.expect_navigation():
        await mona.get_by_role("button", name="Approve", exact=True).tap()
    await mona.get_by_role("status").get_by_text("Your approval was counted").wait_for()


async def test_who_is_not_asked_any_more_has_read_that_they_were(people: People) -> None:
    number = await people.order("application-access", ACCESS)
    asked = await entry_about(people, "mona.manager", number, "approval.requested")
    assert asked["read_at"] is None
    await people.approve(number, "mona.manager")
    asked = await entry_about(people, "mona.manager", number, "approval.requested")
    assert asked["read_at"] is not None


async def test_from_a_notification_to_decision_answer_and_task_in_two_taps(people: People) -> None:
    number = await people.order("application-access", REFUSED)
    asked = {"decision": "ask", "comment": "For which books?"}
    await people.call("mona.manager", "POST", f"/approvals/{number}-G1/decision", asked)
    rita = await noticed(people, "rita.requester", number, "approval.question")
    await rita.get_by_label("Your answer").fill("For those of the year.")
    async with rita.expect_navigation():
        await rita.get_by_role("button", name="Send the answer").tap()
    await rita.get_by_role("status").get_by_text("Your answer was sent").wait_for()

    mona = await noticed(people, "mona.manager", number, "approval.requested")
    async with mona.expect_navigation():
        await mona.get_by_role("button", name="Approve", exact=True).tap()
    await mona.get_by_role("status").get_by_text("Your approval was counted").wait_for()

    await people.call("ingo.it", "POST", f"/tasks/{await people.task(number)}/assign", {})
    ingo = await noticed(people, "ingo.it", number, "task.opened")
    assert ingo.url.endswith(f"/tasks/{await people.task(number)}")


async def noticed(people: People, user_name: str, number: str, event: str) -> Page:
    """Where a tap on the entry of the list leads, on a telephone."""
    label = (await entry_about(people, user_name, number, event))["label"]
    page = await people.open(user_name, "/notifications", **PHONE)
    entry = page.locator("main li.row", has_text=number).filter(has_text=label)
    async with page.expect_navigation():
        await entry.first.locator(".whole").tap()
    return page


async def test_from_a_mail_to_the_decision_by_the_page_of_the_request(people: People) -> None:
    number = await people.order("application-access", ACCESS)
    mona = await people.open("mona.manager", f"/records/{number}", **PHONE)
    await mona.locator("main .actions").get_by_role("link", name="Supervisor").tap()
    async with mona.expect_navigation():
        await mona.get_by_role("button", name="Approve", exact=True).tap()
    await mona.get_by_role("status").get_by_text("Your approval was counted").wait_for()


async def test_from_a_mail_to_the_answer_in_two_taps(people: People) -> None:
    number = await people.order("application-access", ACCESS)
    asked = {"decision": "ask", "comment": "For which books?"}
    await people.call("mona.manager", "POST", f"/approvals/{number}-G1/decision", asked)
    rita = await people.open("rita.requester", f"/records/{number}", **PHONE)
    await rita.get_by_label("Your answer").tap()
    await rita.keyboard.type("For those of the year.")
    async with rita.expect_navigation():
        await rita.get_by_role("button", name="Send the answer").tap()
    await rita.get_by_role("status").get_by_text("Your answer was sent").wait_for()


async def test_ordered_approved_and_done_without_scripts(people: People) -> None:
    rita, mona, ingo = [await people.window(java_script_enabled=False) for _ in "123"]
    for page, user_name in ((rita, "rita.requester"), (mona, "mona.manager"), (ingo, "ingo.it")):
        await people.sign_in(page, user_name)
    await rita.goto(f"{people.base}/catalog/mailing-list")
    await rita.locator('[name="v.address"]').fill(f"list-{uuid4().hex[:12]}")
    await rita.locator('[name="v.owner"]').fill("rita.requester")
    await click_and_go(rita, rita.get_by_role("button", name="Continue"))
    await click_and_go(rita, rita.get_by_role("button", name="Send the order"))
    number = number_in(rita.url)
    await form(rita, f"/records/{number}/comments").locator("textarea").fill("Without any script.")
    await click_and_go(rita, form(rita, f"/records/{number}/comments").get_by_role("button"))
    await rita.get_by_text("Without any script.").wait_for()

    await mona.goto(f"{people.base}/approvals")
    await click_and_go(mona, mona.locator(f'a[href="/approvals/{number}-G1"]').first)
    await mona.get_by_text("Without any script.").wait_for()
    await click_and_go(mona, mona.get_by_role("button", name="Approve", exact=True))
    task = await people.task(number)
    await ingo.goto(f"{people.base}/tasks/{task}")
    await click_and_go(ingo, form(ingo, f"/tasks/{task}/take").get_by_role("button"))
    await click_and_go(ingo, form(ingo, f"/tasks/{task}/complete").get_by_role("button"))
    assert "done=task_complete" in ingo.url

    await rita.goto(f"{people.base}/records/{number}")
    await rita.locator('[data-live="tasks"]').get_by_text("Fulfilled").wait_for()
    await rita.locator("details.menu summary").click()
    await click_and_go(rita, form(rita, "/sign-out").get_by_role("button"))
    await rita.goto(f"{people.base}/records/{number}")
    assert "/sign-in?next=" in rita.url
