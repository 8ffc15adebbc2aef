"""The queues of tasks: who sees which, in which order, and how the next one is taken."""

import asyncio
import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from api.portal.sheet import safe_cell
from steadydesk.records.tables.process import record
from tests.portal.joiners import FILE, joined, task_of
from tests.portal.visitors import Visitor, statements, tags, visitor
from tests.support.api_desk import ApiDesk


async def taken(visitor: Visitor, **more: str) -> str:
    """Where *take next* leads."""
    await visitor.page("/tasks")
    answer = await visitor.send("/tasks/next", **more)
    assert answer.status_code == 303, answer.text[:2000]
    return answer.headers["location"]


async def test_queues_show_the_work_of_ones_groups_and_of_nobody_else(portal: ApiDesk) -> None:
    number = await joined(portal, "Quentin Queue")
    task = await task_of(portal, number, FILE)
    async with visitor(portal, "hanna.hr") as hanna, visitor(portal, "ingo.it") as ingo:
        html = await hanna.page("/tasks")
        assert f'href="/tasks/{task["number"]}"' in html
        assert number in html
        assert "Eintritt" in html
        assert sum(tag == "h1" for tag, _ in tags(html)) == 1
        assert task["number"] not in await ingo.page("/tasks?group=hr-desk")
        assert (await ingo.open(f"/tasks/{task['number']}")).status_code == 404
        assert task["number"] not in await hanna.page("/tasks?whose=mine")
        assert task["number"] in await hanna.page("/tasks?whose=unassigned&group=hr-desk&sort=priority")
        board = await hanna.page("/tasks?view=board")
        assert task["number"] in board
        assert "HR desk" in board
    async with visitor(portal, "helga.hrlead") as owner:
        assert task["number"] in await owner.page("/tasks?group=hr-desk")


async def test_late_tasks_are_found_and_marked(portal: ApiDesk) -> None:
    task = await task_of(portal, await joined(portal, "Lena Late"), FILE)
    async with visitor(portal, "hanna.hr") as hanna:
        assert task["number"] not in await hanna.page("/tasks?late=true")
        async with portal.services.engine.begin() as connection:
            past = datetime.now(UTC) - timedelta(days=2)
            await connection.execute(
                update(record).where(record.c.number == task["number"]).values(due_at=past)
            )
        html = await hanna.page("/tasks?late=true")
        assert task["number"] in html
        assert "due-late" in html


@pytest.mark.parametrize("sort", ["due", "priority", "opened", "changed"])
async def test_pages_follow_each_other_without_gap_or_repeat(
    portal: ApiDesk, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Pia Page", "Paul Page"):
        await joined(portal, name)
    monkeypatch.setattr("api.portal.routes.work.PER_PAGE", 1)
    found: list[str] = []
    path: str | None = f"/tasks?group=hr-desk&sort={sort}"
    async with visitor(portal, "hanna.hr") as hanna:
        while path:
            html = await hanna.page(path)
            found += re.findall(r'<a href="/tasks/(SCTASK\d+)"', html)
            following = re.search(r'href="(/tasks\?[^"]+after=[^"]+)" rel="next"', html)
            path = following[1].replace("&amp;", "&") if following else None
    async with portal.services.engine.connect() as connection:
        wanted = (record.c.kind == "SCTASK") & record.c.open & (record.c.assignment_group == "hr-desk")
        there = set(await connection.scalars(select(record.c.number).where(wanted)))
    assert len(found) == len(set(found))
    assert set(found) == there


async def test_take_next_gives_each_task_to_one_person_only(portal: ApiDesk) -> None:
    await joined(portal, "Nina Next")
    await joined(portal, "Nils Next")
    async with visitor(portal, "hanna.hr") as hanna:
        first = await taken(hanna, once="press-1")
        again = await taken(hanna, once="press-1")
        other = await taken(hanna, once="press-2")
        assert again.startswith("/tasks?whose=mine")
        number, second = (each.removeprefix("/tasks/").split("?")[0] for each in (first, other))
        assert first == f"/tasks/{number}?done=task_assign"
        assert number != second
        while not (last := await taken(hanna)).startswith("/tasks?"):
            pass
        assert "done=task_none" in last
        mine = await hanna.page("/tasks?whose=mine")
        assert {number, second} <= set(re.findall(r"SCTASK\d+", mine))


async def test_presses_at_the_same_moment_get_different_tasks(portal: ApiDesk) -> None:
    for name in ("Ria Race", "Rolf Race", "Rosa Race"):
        await joined(portal, name)
    async with visitor(portal, "hanna.hr") as hanna:
        await hanna.page("/tasks")
        presses = (hanna.send("/tasks/next", once=f"race-{count}") for count in range(3))
        answers = await asyncio.gather(*presses)
    places = {answer.headers["location"] for answer in answers}
    assert len(places) == 3
    assert all(place.endswith("done=task_assign") for place in places)


async def test_the_sheet_has_what_is_shown_and_no_formula(portal: ApiDesk) -> None:
    number = await joined(portal, "=HYPERLINK(1)")
    async with visitor(portal, "hanna.hr") as hanna:
        answer = await hanna.open("/tasks.csv?group=hr-desk")
        assert answer.content.startswith(b"\xef\xbb\xbf")
        assert "attachment" in answer.headers["content-disposition"]
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        shown = set(re.findall(r'<a href="/tasks/(SCTASK\d+)"', await hanna.page("/tasks?group=hr-desk")))
        assert {row["Nummer"] for row in rows} == shown
        assert number in {row["Anforderung"] for row in rows}


def test_cells_that_a_spreadsheet_would_run_are_marked() -> None:
    assert [safe_cell(text) for text in ("=1", "+1", "-1", "@a", "\ta", "\ra", "a=1", "")] == [
        "'=1", "'+1", "'-1", "'@a", "'\ta", "'\ra", "a=1", ""
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["/tasks", "/tasks?view=board", "/tasks?late=true&sort=priority&whose=mine",
                                  "/tasks?state=closed", "/tasks.csv"] )  # fmt: skip
@pytest.mark.parametrize("who", ["hanna.hr", "helga.hrlead"])
async def test_pages_take_five_statements(portal: ApiDesk, path: str, who: str) -> None:
    async with visitor(portal, who) as somebody:
        await somebody.page("/")
        with statements(portal) as counted:
            answer = await somebody.open(path)
        assert answer.status_code == 200, answer.text
        assert counted.count <= 5, "\n\n".join(counted.texts)


@pytest.mark.parametrize("query", ["after=x", "state=everything", "group=No%20Key", "sort=up", "whose=his"])
async def test_addresses_that_no_page_gave_out_are_refused(portal: ApiDesk, query: str) -> None:
    async with visitor(portal, "hanna.hr") as hanna:
        assert (await hanna.open(f"/tasks?{query}")).status_code == 422


async def test_of_a_closed_task_the_list_says_when_it_ended(portal: ApiDesk) -> None:
    number = await joined(portal, "Erna Ended")
    task = await task_of(portal, number, FILE)
    await portal.post("hanna.hr", f"/tasks/{task['number']}/complete", {})
    async with visitor(portal, "hanna.hr") as hanna:
        html = await hanna.page("/tasks?state=closed&sort=changed")
    [row] = [each for each in re.findall(r"<tr>.*?</tr>", html) if task["number"] in each]
    assert re.search(r"(ended|beendet) <time", row)
