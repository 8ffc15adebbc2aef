"""Three people side by side in a real browser: what one does, the others see without a reload."""

from uuid import uuid4

from playwright.async_api import Page

from tests.portal.browsers import ACCESS, LAPTOP, People, click_and_go, form, number_in
from tests.portal.live import seen_live


async def ordered_in_the_catalogue(rita: Page, people: People) -> str:
    """A mailing list: chosen, filled in with the picker, looked through and sent."""
    await rita.goto(f"{people.base}/catalog")
    await rita.get_by_role("link", name="Mailing list").click()
    order = form(rita, "/catalog/mailing-list")
    await order.get_by_label("Address before the @").fill(f"list-{uuid4().hex[:12]}")
    await order.locator("[name='v.owner']").press_sequentially("Rit")
    await rita.get_by_role("option", name="Rita Reed").click()
    assert await order.locator("[name='v.owner']").input_value() == "rita.requester"
    await click_and_go(rita, order.get_by_role("button", name="Continue"))
    await form(rita, "/basket").get_by_label("Note").fill("For the **festival**.")
    await click_and_go(rita, form(rita, "/basket").get_by_role("button", name="Send the order"))
    return number_in(rita.url)


async def test_ordered_approved_worked_on_and_done(people: People) -> None:
    mona = await people.open("mona.manager", "/approvals")
    ingo = await people.open("ingo.it", "/tasks")
    rita = await people.open("rita.requester", "/catalog")
    number = await ordered_in_the_catalogue(rita, people)

    await mona.reload()
    await mona.locator("[data-inbox] [data-row]", has_text=number).get_by_role("link").click()
    beside = form(mona, f"/approvals/{number}-G1/decision").filter(has=mona.locator("[data-hot=a]"))
    await beside.get_by_label("Comment").fill("A fine idea.")
    async with seen_live(rita, "approvals", "Approved"):
        await click_and_go(mona, beside.get_by_role("button", name="Approve"))

    task = await people.task(number)
    await ingo.goto(f"{people.base}/tasks?whose=unassigned&sort=changed")
    await ingo.locator(f'a[href="/tasks/{task}"]').first.click()
    async with seen_live(rita, "tasks", "Ingo Imhof"):
        await click_and_go(ingo, form(ingo, f"/tasks/{task}/take").get_by_role("button"))
    await form(ingo, f"/tasks/{task}/complete").locator("[name=note]").fill("Angelegt.")
    async with seen_live(rita, "tasks", "Fulfilled"):
        await click_and_go(ingo, form(ingo, f"/tasks/{task}/complete").get_by_role("button"))
    await rita.locator('[data-live="head"]').get_by_text("Fulfilled").wait_for()
    assert await rita.get_by_text("A fine idea.").count() > 0
    assert await rita.get_by_text("Angelegt.").count() == 0, "a note for those who work on it"


async def test_a_file_that_would_be_refused_is_not_sent(people: People) -> None:
    number = await people.order("new-laptop", LAPTOP)
    rita = await people.open("rita.requester", f"/records/{number}")
    field = rita.locator("#attach-file")
    await field.evaluate("(field) => { field.dataset.limit = 10 }")
    for content, words in ((b"x" * 11, "too large"), (b"", "is empty"), (b"x" * 10, "")):
        await field.set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": content})
        said = await field.evaluate("(field) => field.validationMessage")
        assert words in said
        assert bool(said) is bool(words)
    await field.set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b""})
    await form(rita, f"/records/{number}/attachments").get_by_role("button", name="Upload").click()
    assert rita.url.endswith(number), "the form stays"


async def test_a_cancellation_says_what_it_takes_back_and_takes_it_back(people: People) -> None:
    number = await people.order("new-laptop", LAPTOP)
    await people.approve(number, "mona.manager", "bert.budget")
    await people.call("ingo.it", "POST", f"/tasks/{await people.task(number)}/complete", {})
    rita = await people.open("rita.requester", f"/records/{number}")
    mona = await people.open("mona.manager", f"/records/{number}")
    await rita.get_by_role("link", name="Cancel", exact=True).click()
    preview = await rita.locator("main").inner_text()
    assert "Take from stock or order" in preview.partition("This is taken back")[2]
    assert "by a task for Service desk" in preview
    assert "Install and label" in preview.partition("This stops")[2]

    await rita.get_by_label("Reason").fill("Not needed any more.")
    async with seen_live(mona, "where", "Being taken back"):
        await click_and_go(rita, rita.get_by_role("button", name="Cancel the request"))
    await rita.get_by_role("status").get_by_text("The cancellation was taken").wait_for()

    task = await people.task(number)
    ingo = await people.open("ingo.it", f"/tasks/{task}")
    async with seen_live(mona, "head", "Cancelled"):
        await click_and_go(ingo, form(ingo, f"/tasks/{task}/complete").get_by_role("button"))


async def test_a_vote_that_comes_late_is_told_so_with_what_was_typed(people: People) -> None:
    number = await people.order("application-access", ACCESS)
    gate = f"/approvals/{number}-G1"
    mona = await people.open("mona.manager")
    await mona.context.route("**/events?*", lambda route: route.abort())
    await mona.goto(people.base + gate)
    await mona.get_by_label("Comment").fill("Not before the audit.")
    await people.call("mona.manager", "POST", f"{gate}/decision", {"decision": "approved"})
    await click_and_go(mona, form(mona, f"{gate}/decision").get_by_role("button", name="Reject"))
    alert = mona.get_by_role("alert")
    assert "This approval is over" in await alert.inner_text()
    assert "Nothing of yours was counted" in await alert.inner_text()
    rita = await people.open("rita.requester", f"/records/{number}")
    assert await rita.get_by_text("Not before the audit.").count() == 0


async def test_a_refusal_reaches_the_requester_with_its_reason(people: People) -> None:
    number = await people.order("application-access", ACCESS)
    gate = f"/approvals/{number}-G1"
    rita = await people.open("rita.requester", f"/records/{number}")
    mona = await people.open("mona.manager", gate)
    elsewhere = await people.open("mona.manager", gate)
    await mona.get_by_label("Comment").fill("Not before the audit.")
    async with (
        seen_live(rita, "approvals", "Not before the audit."),
        seen_live(elsewhere, f"decide-{number}-G1", "This approval is over"),
    ):
        await click_and_go(mona, form(mona, f"{gate}/decision").get_by_role("button", name="Reject"))
    assert await elsewhere.locator("[data-hot]").count() == 0


async def test_questions_are_answered_and_the_work_goes_on(people: People) -> None:
    address = {"address": f"list-{uuid4().hex[:12]}", "owner": "rita.requester", "open_to_outside": False}
    number = await people.order("mailing-list", address)
    rita = await people.open("rita.requester", f"/records/{number}")
    mona = await people.open("mona.manager", f"/approvals/{number}-G1")
    await mona.get_by_label("Comment").fill("Who reads it?")
    await click_and_go(mona, mona.get_by_role("button", name="Ask for information"))
    async with seen_live(mona, f"rest-{number}-G1", "Everybody on the quay"):
        await answered(rita, "Who reads it?", "Everybody on the quay.")
    await click_and_go(mona, mona.get_by_role("button", name="Approve", exact=True))

    task = await people.task(number)
    ingo = await people.open("ingo.it", f"/tasks/{task}")
    await click_and_go(ingo, form(ingo, f"/tasks/{task}/take").get_by_role("button"))
    ask = form(ingo, f"/tasks/{task}/ask")
    await ingo.locator("details", has=ask).locator("summary").click()
    await ask.locator("[name=question]").fill("Mit Archiv?")
    await click_and_go(ingo, ask.get_by_role("button"))
    async with seen_live(ingo, "talk", "With an archive"):
        await answered(rita, "Mit Archiv?", "With an archive, please.")
    assert (await people.call("ingo.it", "GET", f"/tasks/{task}"))["state"] == "work_in_progress"
    await click_and_go(ingo, form(ingo, f"/tasks/{task}/complete").get_by_role("button"))
    await rita.locator('[data-live="tasks"]').get_by_text("Fulfilled").wait_for()


async def answered(rita: Page, question: str, words: str) -> None:
    """In the box that appears on the page as it stands open."""
    box = rita.locator("#answer")
    await box.get_by_text(question).wait_for()
    await box.get_by_label("Your answer").fill(words)
    await click_and_go(rita, box.get_by_role("button", name="Send the answer"))


async def test_what_somebody_types_survives_a_live_update(people: People) -> None:
    number = await people.order("application-access", ACCESS)
    rita = await people.open("rita.requester", f"/records/{number}")
    field = rita.get_by_label("Write a comment")
    await field.fill("Half a sen")
    async with seen_live(rita, "talk", "Seen by me."):
        await people.call("mona.manager", "POST", f"/requests/{number}/comments", {"text": "Seen by **me**."})
    assert await field.input_value() == "Half a sen"
