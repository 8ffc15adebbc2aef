"""The page of a request: which line waits for what, what is ahead, when it will be ready, and what is over."""

import re
from typing import Any

from tests.portal.visitors import statements, tags, visitor
from tests.support.api_desk import ApiDesk

ACCESS = {"application": "ledger", "level": "write", "until": "2030-03-31", "reason": "Closing of the year"}
LAPTOP = {"model": "light", "accessories": ["dock"]}
APPROVERS = ("mona.manager", "bert.budget")


async def order_of(portal: ApiDesk, who: str, *items: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    lines = [{"item": item, "variables": variables} for item, variables in items]
    return await portal.post(who, "/requests", {"items": lines})


async def approved_laptop(portal: ApiDesk, who: str = "rita.requester", **answers: str) -> str:
    number = (await portal.order(who, "new-laptop", **LAPTOP, **answers))["number"]
    for count, approver in enumerate(APPROVERS, start=1):
        await portal.post(approver, f"/approvals/{number}-G{count}/decision", {"decision": "approved"})
    return number


async def finish(portal: ApiDesk, number: str, **outputs: str) -> None:
    """The open task of the request."""
    tasks = (await portal.get("ingo.it", f"/requests/{number}"))["tasks"]
    [task] = [each["number"] for each in tasks if each["open"]]
    await portal.post("ingo.it", f"/tasks/{task}/complete", {"outputs": outputs})


def region(html: str, name: str) -> str:
    """A part of the page that is live."""
    return html.partition(f'data-live="{name}"')[2].partition("</section>")[0]


def steps(html: str) -> list[tuple[str, str]]:
    """Label and state of each mark on the lines of steps."""
    found = re.findall(r'<li class="(\w+)"[^>]*><span class="dot">.*?<span class="label">(.*?)<', html)
    return [(label, state) for state, label in found]


async def test_each_line_of_an_order_says_for_itself_what_it_waits_for(portal: ApiDesk) -> None:
    ordered = await order_of(
        portal,
        "rita.requester",
        ("new-laptop", LAPTOP),
        ("application-access", ACCESS),
        ("new-laptop", LAPTOP),
    )
    number, lines = ordered["number"], [line["number"] for line in ordered["items"]]
    names = [f"New laptop ({lines[0]})", "Access to an application", f"New laptop ({lines[2]})"]
    async with visitor(portal, "rita.requester") as rita, visitor(portal, "mona.manager") as mona:
        html = await rita.page(f"/records/{number}")
        assert "<h1>New laptop and 2 more</h1>" in html
        parts = region(html, "where").split('<div class="part">')[1:]
        for part, name, line in zip(parts, names, lines, strict=True):
            assert f"<h3>{name}</h3>" in part
            assert part.count('<dl class="reason">') == 1
            assert f'href="/records/{number}/recall?line={line}"' in part
            assert f"Supervisor \N{EN DASH} {name}</a>" in region(html, "approvals")
        assert "/recall" not in region(html, "head").partition('class="actions"')[2].partition("</div>")[0]
        chosen = await rita.page(f"/records/{number}/recall?line={lines[1]}")
        assert "Access to an application" in chosen.partition("<h1>")[2].partition("</h1>")[0]
        assert (await rita.open(f"/records/{number}/recall")).headers["location"] == f"/records/{number}"

        assert "New laptop and 2 more" in await rita.page("/requests")
        assert "New laptop and 2 more" in await rita.page("/")
        decide = region(await mona.page(f"/records/{number}"), "head")
        assert all(f"Supervisor \N{EN DASH} {name}" in decide for name in names)


async def test_the_way_shows_the_approvals_that_are_still_ahead(portal: ApiDesk) -> None:
    number = (await portal.order("rita.requester", "new-laptop", **LAPTOP))["number"]
    async with visitor(portal, "rita.requester") as rita:
        shown = steps(await rita.page(f"/records/{number}"))
        assert shown[:4] == [
            ("Received", "done"),
            ("Supervisor", "now"),
            ("Budget owner", "ahead"),
            ("Take from stock or order", "ahead"),
        ]
        read = await portal.order("rita.requester", "application-access", **ACCESS | {"level": "read"})
        assert "Data owner" not in dict(steps(await rita.page(f"/records/{read['number']}")))


async def test_a_refusal_is_read_as_it_was_written_and_leaves_the_rest_out(portal: ApiDesk) -> None:
    number = (await portal.order("rita.requester", "new-laptop", **LAPTOP))["number"]
    refusal = {"decision": "rejected", "comment": "Too **dear**.\n\n- the light one"}
    await portal.post("mona.manager", f"/approvals/{number}-G1/decision", refusal)
    async with visitor(portal, "rita.requester") as rita:
        html = await rita.page(f"/records/{number}")
        assert "<strong>dear</strong>" in region(html, "approvals")
        assert "**dear**" not in region(html, "approvals")
        way = [label for label, _ in steps(html)]
        assert steps(html)[1:4] == [
            ("Supervisor", "failed"), ("Budget owner", "left"), ("Returned to requester", "now"),
        ]  # fmt: skip
        assert way[4:6] == ["Supervisor", "Budget owner"]
        assert "Returned to you" in region(html, "head")
        assert "Promised for" in region(html, "facts")
        assert "Probably later: it can wait until" in region(html, "facts")
        row = (await rita.page("/")).partition('id="mine"')[2]
        assert f'class="row needed"><a class="whole" href="/records/{number}"' in row


async def test_what_is_taken_back_ends_with_that_and_cannot_be_cancelled_again(portal: ApiDesk) -> None:
    number = await approved_laptop(portal)
    await finish(portal, number)
    async with visitor(portal, "rita.requester") as rita:
        assert f'href="/records/{number}/cancel"' in await rita.page(f"/records/{number}")
        await portal.post("rita.requester", f"/requests/{number}/cancel", {})
        html = await rita.page(f"/records/{number}")
        assert steps(html)[3:] == [
            ("Take from stock or order", "now"),
            ("Install and label", "left"),
            ("Hand over", "left"),
            ("Being taken back", "now"),
        ]
        assert "Being taken back" in region(html, "head")
        assert f'href="/records/{number}/cancel"' not in html
        assert (await rita.open(f"/records/{number}/cancel")).status_code == 409
        assert "Being taken back" in await rita.page("/requests?q=" + number)


async def test_what_is_over_offers_nothing_that_would_be_refused(portal: ApiDesk) -> None:
    number = await approved_laptop(portal, "ralf.requester")
    await finish(portal, number)
    await finish(portal, number, serial_number="AB-1234")
    await finish(portal, number)
    async with visitor(portal, "ralf.requester") as ralf, visitor(portal, "mona.manager") as mona:
        html = await ralf.page(f"/records/{number}")
        where = region(html, "where")
        assert "<h2>Fertig</h2>" in where
        assert "Worauf sie wartet" not in html
        assert "Stimmt etwas nicht? Sagen Sie es uns bis" in where
        for form in ("comments", "attachments", "watch", "cancel"):
            assert f'action="/records/{number}/{form}"' not in html
        told = await ralf.page(f"/records/{number}?voice=complaint")
        assert re.search(r'<details class="card" id="voice" open>', told)
        checked = [
            of for tag, of in tags(told) if tag == "input" and of.get("name") == "kind" and "checked" in of
        ]
        assert [of["value"] for of in checked] == ["complaint"]
        assert "Not right?" not in await mona.page(f"/records/{number}")
        assert "Nothing is left to do." in await mona.page(f"/records/{number}")


async def test_answers_read_the_same_on_every_page(portal: ApiDesk) -> None:
    number = await approved_laptop(portal, holder="ralf.requester")
    access = (await portal.order("rita.requester", "application-access", **ACCESS))["number"]
    [task] = (await portal.get("ingo.it", f"/requests/{number}"))["tasks"]
    async with visitor(portal, "rita.requester") as rita, visitor(portal, "ingo.it") as ingo:
        own = region(await rita.page(f"/records/{number}"), "lines")
        await ingo.page("/")
        with statements(portal) as counted:
            work = await ingo.page(f"/tasks/{task['number']}")
        assert counted.count <= 5, "\n\n".join(counted.texts)
        for html in (own, work):
            assert "<dd>Ralf Rabe</dd>" in html
            assert "<dd>ralf.requester</dd>" not in html
        assert '<dd><time datetime="2030-03-31">31 Mar 2030</time></dd>' in region(
            await rita.page(f"/records/{access}"), "lines"
        )


async def test_a_question_is_the_state_that_says_most(portal: ApiDesk) -> None:
    number = (await portal.order("rita.requester", "application-access", **ACCESS))["number"]
    async with visitor(portal, "rita.requester") as rita, visitor(portal, "mona.manager") as mona:
        assert "Waiting for approval" in region(await rita.page(f"/records/{number}"), "head")
        question = {"decision": "ask", "comment": "For which books?"}
        await portal.post("mona.manager", f"/approvals/{number}-G1/decision", question)
        assert "Question for you" in region(await rita.page(f"/records/{number}"), "head")
        assert "Question open" in region(await mona.page(f"/records/{number}"), "head")


async def test_a_promise_that_an_approval_may_outlast_says_so(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        mailing, vpn = await rita.page("/catalog/mailing-list"), await rita.page("/catalog/vpn-access")
        assert "Ordered now, promised for" in mailing
        assert "Later if the approval takes its time: it can last until" in mailing
        assert "Ordered now, ready by" in vpn
        assert "Later if" not in vpn


async def test_while_a_question_is_open_every_page_says_the_same_date(portal: ApiDesk) -> None:
    number = (await portal.order("rita.requester", "new-laptop", **LAPTOP))["number"]
    gate = f"{number}-G1"
    before = (await portal.get("mona.manager", f"/approvals/{gate}"))["due_at"]
    asked = {"decision": "ask", "comment": "For which books?"}
    await portal.post("mona.manager", f"/approvals/{gate}/decision", asked)
    view = await portal.get("mona.manager", f"/requests/{number}")
    [until] = [each["until"] for each in view["waiting"] if each["subject"] == gate]
    assert [one["due_at"] for one in view["approvals"]] == [until] != [before]
    async with visitor(portal, "mona.manager") as mona, visitor(portal, "rita.requester") as rita:
        day = f'<time datetime="{until[:16]}'
        assert day in region(await mona.page(f"/approvals/{gate}"), f"decide-{gate}")
        for reader in (mona, rita):
            assert day in region(await reader.page(f"/records/{number}"), "approvals")
