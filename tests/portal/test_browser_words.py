"""What people write is only words, wherever it is shown: hostile texts through every field of the portal."""

from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from playwright.async_api import Page

from tests.portal.browsers import ACCESS, LAPTOP, People, number_in
from tests.portal.hostile import LINE, WORDS, looked_through, send, view

FILE = '"><img src=x onerror=alert(1)>.txt'
EXPENSE = {"purpose": WORDS, "amount": "12", "spent_on": "2026-11-12", "iban": "DE02120300000000202051"}


async def ordered(page: Page, key: str, answers: dict[str, str], folder: Path | None = None) -> str:
    """Through the catalogue, with the corpus as the note."""
    await send(page, f"/catalog/{key}", "order", {f"v.{name}": value for name, value in answers.items()})
    await send(page, "/basket", "basket", {"note": WORDS})
    if folder is not None:
        file = folder / FILE
        file.write_text(WORDS)
        await page.locator("form[data-form=attach] [type=file]").set_input_files(file)
        async with page.expect_navigation():
            await page.locator("form[data-form=attach]").evaluate("form => form.requestSubmit()")
        await page.get_by_text("><img src=x onerror=alert(1)>.txt").first.wait_for()
    return number_in(page.url)


async def test_the_watch_sees_scripts_that_run_and_scripts_that_were_stopped(people: People) -> None:
    """The proof that silence below means something."""
    inject = "document.querySelector('main').innerHTML = '<img src=x onerror=alert(1)>'"
    for bypass, alarm in ((True, "dialog: 1"), (False, "policy: ")):
        page = await people.window(bypass_csp=bypass)
        await page.goto("/sign-in")
        await page.evaluate(inject)
        await page.wait_for_load_state("networkidle")
        with pytest.raises(AssertionError):
            await looked_through(page)
        assert any(one.startswith(alarm) for one in people.alarms), people.alarms
        people.alarms.clear()


async def test_words_about_an_order_are_only_words(people: People, tmp_path: Path) -> None:
    """Answers, note, file, comment, question, answer, recall, change, refusal, cancellation, suggestion."""
    rita = await people.open("rita.requester")
    mona = await people.open("mona.manager")
    number = await ordered(rita, "application-access", ACCESS | {"reason": WORDS}, tmp_path)
    at, gate = f"/records/{number}", f"/approvals/{number}-G1"
    await send(rita, at, "comment", {"text": WORDS})
    await send(rita, at, "voice", {"kind": "complaint", "text": WORDS})
    await send(mona, gate, "ask", {"comment": WORDS})
    await send(rita, at, "answer", {"text": WORDS})
    await send(rita, f"{at}/recall", "recall", {"reason": WORDS})
    await send(rita, f"{at}/change", "change", {"v.reason": f"{WORDS} again", "comment": WORDS})
    again = (await people.call("rita.requester", "GET", f"/requests/{number}"))["approvals"][-1]["id"]
    await send(mona, f"/approvals/{again}", "approved", {"comment": WORDS})
    refused = await ordered(rita, "application-access", ACCESS | {"reason": WORDS})
    await send(mona, f"/approvals/{refused}-G1", "rejected", {"comment": WORDS})
    await send(rita, f"{at}/cancel", "cancel", {"reason": WORDS})
    shown = [at, f"/records/{refused}", gate, f"/approvals/{again}", f"/approvals/{refused}-G1"]
    shown.append("/approvals?show=decided")
    mona = await people.open("mona.manager", bypass_csp=True)
    assert await view(people, mona, shown) == set(shown)
    await view(people, mona, ["/", "/requests?whose=seen", "/notifications", "/approvals"])
    ines = await people.open("ines.itlead", bypass_csp=True)
    assert await view(people, ines, [at, "/notifications", "/dashboard"]) >= {at}


async def test_words_about_the_work_are_only_words(people: People) -> None:
    """Question, answer, notes and results; what does not fit its pattern is shown again beside its problem."""
    rita, felix = await people.open("rita.requester"), await people.open("felix.finance")
    number = await ordered(rita, "expense-payment", EXPENSE)
    await people.approve(number, "felix.finance", "mona.manager")
    task = ""
    for _ in range(2):
        task = await people.task(number, "felix.finance")
        await send(felix, f"/tasks/{task}", "ask", {"question": WORDS})
        await send(rita, f"/records/{number}", "answer", {"text": WORDS})
        await send(felix, f"/tasks/{task}", "complete", {"note": WORDS})
    shown = [f"/records/{number}", f"/tasks/{task}"]
    felix = await people.open("felix.finance", bypass_csp=True)
    assert await view(people, felix, shown) == set(shown)

    laptop = await people.order("new-laptop", LAPTOP)
    await people.approve(laptop, "mona.manager", "bert.budget")
    await people.call("ingo.it", "POST", f"/tasks/{await people.task(laptop)}/complete", {})
    ingo = await people.open("ingo.it")
    results = {"o.serial_number": LINE, "note": WORDS}
    await send(ingo, f"/tasks/{await people.task(laptop)}", "complete", results, refused=True)
    assert await looked_through(ingo), "what was typed is shown again"
    await send(ingo, f"/tasks/{await people.task(laptop)}", "fail", {"note": WORDS})


async def test_names_of_people_to_come_are_only_words(people: People) -> None:
    hanna = await people.open("hanna.hr")
    answers = {"person.name": LINE, "person.email": "a@b.example", "supervisor": "mona.manager",
               "first_day": "2031-03-03", "place": "home", "laptop": "none", "tax_number": LINE}  # fmt: skip
    number = await ordered(hanna, "joiner", answers)
    await people.approve(number, "helga.hrlead", "dora.director")
    task = await people.task(number, "hanna.hr")
    pages = ["/people-operations", f"/people-operations/{number}", f"/records/{number}", f"/tasks/{task}"]
    hanna = await people.open("hanna.hr", bypass_csp=True)
    await view(people, hanna, [*pages, "/tasks", "/tasks?view=board", "/requests", "/", "/search?q=script"])
    assert f"/people-operations/{number}" in await view(people, hanna, pages)


async def test_words_about_oneself_and_in_addresses_are_only_words(people: People) -> None:
    """Delegation, token, picker, search; filters that somebody wrote into a link."""
    bert = await people.open("bert.budget")
    days = {"begins": "2031-03-03", "ends": "2031-03-04"}
    await send(
        bert, "/profile/delegations", "delegation", {"delegate": "fiona.finance", "reason": LINE} | days
    )
    assert await looked_through(bert)
    await send(bert, "/profile/delegations", "delegation", {"delegate": LINE} | days, refused=True)
    await send(bert, "/profile/tokens", "token", {"label": LINE})
    assert await looked_through(bert)
    typed = str(httpx2.QueryParams({"q": LINE[:90]}))
    word = str(httpx2.QueryParams({"x": '"><img src=x onerror=alert(1)>{{ 1234*567 }}'})).removeprefix("x=")
    bert = await people.open("bert.budget", bypass_csp=True)
    kept = ["/profile/delegations", "/profile/tokens"]
    assert await view(people, bert, [*kept, "/profile/sessions", "/notifications"]) >= set(kept)
    for path in (f"/search?{typed}", f"/catalog?{typed}", f"/?done={word}", f"/requests?whose={word}",
                 f"/records/{word}", f"/approvals?after={word}", f"/sign-in?next={word}"):  # fmt: skip
        await bert.goto(people.base + path)
        await looked_through(bert)


async def test_hostile_sign_in(people: People) -> None:
    page = await people.window(bypass_csp=True, user_agent=LINE[:300])
    await page.goto(f"/sign-in?next=//evil.example/{uuid4().hex}")
    await page.locator("[name=user_name]").fill(LINE[:60])
    await page.locator("[name=password]").fill(LINE[:60])
    async with page.expect_navigation():
        await page.locator("main button").click()
    assert page.url.startswith(people.base)
    await looked_through(page)
