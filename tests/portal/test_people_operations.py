"""Joiners, movers and leavers: who sees them, what is missing, and what they ordered."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from activities.child import ChildActivities
from steadydesk.contracts.request_commands import ErrandOrder
from steadydesk.records.tables.process import record
from tests.portal.joiners import FILE, joined, task_of
from tests.portal.visitors import statements, tags, visitor
from tests.support.api_desk import ApiDesk, AtOnce

PATH = "/people-operations"


class Opening(AtOnce):
    """Knows what it opened last."""

    opened = ""

    async def open(self, number: str, **said: Any) -> dict[str, Any]:
        self.opened = number
        return await super().open(number, **said)


async def test_a_joiner_is_listed_with_name_date_progress_and_what_is_missing(portal: ApiDesk) -> None:
    number = await joined(portal, "Nora Neumann", first_day="2031-02-01")
    async with visitor(portal, "hanna.hr") as hanna:
        html = await hanna.page(f"{PATH}?month=2031-02")
        assert f'<a href="{PATH}/{number}">Nora Neumann</a>' in html
        assert '<time datetime="2031-02-01">' in html
        assert f">{FILE}</a>" in html
        assert f'href="/records/{number}"' in html
        assert '<progress value="0" max="8"' in html
        assert sum(tag == "h1" for tag, _ in tags(html)) == 1
        assert "Nora Neumann" not in await hanna.page(f"{PATH}?month=2031-01")
        assert "Nora Neumann" not in await hanna.page(f"{PATH}?month=2031-02&kind=leaver")
        assert "Nora Neumann" in await hanna.page(f"{PATH}?month=2031-02&kind=joiner&which=all")


async def test_every_page_says_for_whom_it_really_is(portal: ApiDesk) -> None:
    number = await joined(portal, "Frieda Future", first_day="2031-02-02")
    task = await task_of(portal, number, FILE)
    places = {
        "hanna.hr": (f"/records/{number}", f"/tasks/{task['number']}"),
        "helga.hrlead": (f"/approvals/{number}-G1",),
    }
    for who, paths in places.items():
        async with visitor(portal, who) as somebody:
            for path in paths:
                html = await somebody.page(path)
                named = re.findall(r"<dt>(?:For|Für)</dt><dd>.*?</span>([^<]+)</span>", html)
                assert named == ["Frieda Future"], path


async def test_it_is_for_those_only_who_may_see_the_request(portal: ApiDesk) -> None:
    number = await joined(portal, "Ida Invisible", first_day="2031-03-03")
    async with visitor(portal, "ralf.requester") as ralf, visitor(portal, "felix.finance") as felix:
        for somebody in (ralf, felix):
            assert "Ida Invisible" not in await somebody.page(f"{PATH}?month=2031-03")
            assert (await somebody.open(f"{PATH}/{number}")).status_code == 404


async def test_who_leaves_does_not_learn_it_here(portal: ApiDesk) -> None:
    ordered = await portal.order("hanna.hr", "leaver", person="rita.requester", last_day="2031-04-30")
    async with visitor(portal, "hanna.hr") as hanna, visitor(portal, "rita.requester") as rita:
        assert "Rita Reed" in await hanna.page(f"{PATH}?month=2031-04&kind=leaver")
        assert ordered["number"] not in await rita.page(f"{PATH}?month=2031-04")
        assert (await rita.open(f"{PATH}/{ordered['number']}")).status_code == 404


async def test_an_overdue_task_makes_it_late_and_says_whose(portal: ApiDesk) -> None:
    number = await joined(portal, "Lola Late", first_day="2031-05-05")
    task = (await task_of(portal, number, FILE))["number"]
    async with visitor(portal, "hanna.hr") as hanna:
        assert "Lola Late" not in await hanna.page(f"{PATH}?month=2031-05&late=true")
        async with portal.services.engine.begin() as connection:
            past = datetime.now(UTC) - timedelta(days=3)
            await connection.execute(update(record).where(record.c.number == task).values(due_at=past))
        html = await hanna.page(f"{PATH}?month=2031-05&late=true")
        assert "Lola Late" in html
        assert "due-late" in html
        assert "HR desk" in html


async def test_the_detail_shows_child_requests_and_what_they_wait_for(portal: ApiDesk) -> None:
    number = await joined(portal, "Carl Child", first_day="2031-06-02", laptop="light", place="berlin")
    await portal.post("hanna.hr", f"/tasks/{(await task_of(portal, number, FILE))['number']}/complete", {})
    child = await opened_child(portal, number)
    async with visitor(portal, "hanna.hr") as hanna:
        html = await hanna.page(f"{PATH}/{number}")
        assert f'id="{child}"' in html
        assert "Carl Child" in html
        assert "Eintritt" in html
        with statements(portal) as counted:
            await hanna.page(f"{PATH}/{number}")
        assert counted.count <= 5, "\n\n".join(counted.texts)
    async with visitor(portal, "felix.finance") as felix:
        # He has a task of the joiner's, and nothing to do with the laptop.
        html = await felix.page(f"{PATH}/{number}")
        assert "Carl Child" in html
        assert f'id="{child}"' not in html


async def opened_child(portal: ApiDesk, number: str) -> str:
    """The laptop that the joiner orders, opened as its errand would."""
    line = (await portal.get("hanna.hr", f"/requests/{number}"))["items"][0]["number"]
    sender = Opening(portal.services.engine, portal.services.clock)
    activities = ChildActivities(portal.services.engine, sender)
    await activities.open_child_request(ErrandOrder(number=number, key=f"{line}:laptop:1"))
    return sender.opened


async def test_a_request_without_people_operations_has_no_such_page(portal: ApiDesk) -> None:
    ordered = await portal.order("rita.requester", "hr-conversation", topic="other")
    async with visitor(portal, "rita.requester") as rita:
        assert (await rita.open(f"{PATH}/{ordered['number']}")).status_code == 404


@pytest.mark.parametrize("query", ["", "?month=2031-02&late=true", "?which=all&kind=mover"])
async def test_the_list_takes_five_statements(portal: ApiDesk, query: str) -> None:
    async with visitor(portal, "helga.hrlead") as helga:
        await helga.page(PATH)
        with statements(portal) as counted:
            await helga.page(PATH + query)
        assert counted.count <= 5, "\n\n".join(counted.texts)


@pytest.mark.parametrize("query", ["month=2031-13", "month=0000-01", "kind=friend", "after=x"])
async def test_addresses_that_no_page_gave_out_are_refused(portal: ApiDesk, query: str) -> None:
    async with visitor(portal, "hanna.hr") as hanna:
        assert (await hanna.open(f"{PATH}?{query}")).status_code == 422


async def test_a_moved_date_is_on_the_page_of_the_request_with_the_one_before(portal: ApiDesk) -> None:
    number = await joined(portal, "Mona Moved", first_day="2031-09-01")
    async with visitor(portal, "hanna.hr") as hanna:
        html = await hanna.page(f"/records/{number}")
        assert "<dt>Gilt ab</dt>" in html
        assert "Verschoben" not in html
        for day in ("2031-10-01", "2031-11-03"):
            at = {"effective_at": f"{day}T00:00:00+01:00"}
            await portal.post("hanna.hr", f"/requests/{number}/reschedule", at)
        with statements(portal) as counted:
            html = await hanna.page(f"/records/{number}")
        assert counted.count <= 5
        shown = html.partition("<dt>Gilt ab</dt>")[2].partition("</div>")[0]
        assert "3. Nov. 2031" in shown
        assert "Verschoben; zuerst 1. Sept. 2031" in shown
        answered = html.partition('<dl class="answers">')[2].partition("<dt>Gilt ab</dt>")[0]
        assert "3. Nov. 2031" in answered, "the form's answer is the date that holds"
        assert "1. Sept. 2031" not in answered


async def test_what_is_being_taken_back_says_so_and_is_no_progress(portal: ApiDesk) -> None:
    number = await joined(portal, "Tina Taken", first_day="2031-12-01")
    await portal.post("hanna.hr", f"/tasks/{(await task_of(portal, number, FILE))['number']}/complete", {})

    async def progress() -> str:
        return (await portal.get("hanna.hr", f"/requests/{number}"))["items"][0]["progress"]

    assert (await progress()).startswith("1/")
    async with visitor(portal, "hanna.hr") as hanna:
        for path in (f"{PATH}?month=2031-12", f"{PATH}/{number}"):
            assert '<progress value="1"' in await hanna.page(path)
        await portal.post("hanna.hr", f"/requests/{number}/cancel", {})
        assert (await progress()).startswith("0/")
        for path in (f"{PATH}?month=2031-12", f"{PATH}/{number}"):
            html = await hanna.page(path)
            assert "<progress" not in html
            assert '<span class="badge act">Wird zurückgenommen</span>' in html
