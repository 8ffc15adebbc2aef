"""The page of a task: what it shows to whom, and what those who work on it do there."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from steadydesk.records.tables.access import sensitive_read
from steadydesk.records.tables.process import record, sight
from steadydesk.records.tables.task import task as task_table
from tests.portal.joiners import FILE, PAYROLL, joined, task_of
from tests.portal.test_request_page import approved_laptop, finish
from tests.portal.visitors import statements, visitor
from tests.support.api_desk import ApiDesk

ROOM = {"room": "quay", "day": "2030-01-20", "people": 4, "catering": True, "diet": ["vegetarian"]}


async def test_a_task_from_taking_to_done(portal: ApiDesk) -> None:
    number = await joined(portal, "Willy Work")
    task = (await task_of(portal, number, FILE))["number"]
    async with visitor(portal, "hanna.hr") as hanna:
        html = await hanna.page(f"/tasks/{task}")
        assert "Akte anlegen und den Vertrag unterschreiben lassen." in html
        assert "Willy Work" in html
        assert "12/345/67890" not in html
        for action, done in (("take", "task_assign"), ("start", "task_start")):
            answer = await hanna.send(f"/tasks/{task}/{action}")
            assert answer.headers["location"] == f"/tasks/{task}?done={done}"
        answer = await hanna.send(f"/tasks/{task}/complete", note="The contract is **signed**.")
        assert answer.status_code == 303
        html = await hanna.page(f"/tasks/{task}")
        assert "<strong>signed</strong>" in html
        assert set(re.findall(rf'action="/tasks/{task}/(\w+)', html)) == {"comments"}
        late = await hanna.send(f"/tasks/{task}/complete")
        assert late.status_code == 409


async def test_who_works_on_no_task_is_led_to_the_request(portal: ApiDesk) -> None:
    number = (await portal.order("rita.requester", "meeting-room-setup", **ROOM))["number"]
    [task] = [one["number"] for one in (await portal.get("rita.requester", f"/requests/{number}"))["tasks"]][
        :1
    ]
    async with visitor(portal, "rita.requester") as rita:
        answer = await rita.open(f"/tasks/{task}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/records/{number}")
        assert (await rita.open("/tasks/SCTASK9999999")).status_code == 404
        assert (await rita.send(f"/tasks/{task}/comments", text="?")).status_code == 403


async def test_a_task_says_who_has_it_takes_words_and_leads_to_the_next_one(portal: ApiDesk) -> None:
    number = (await portal.order("rita.requester", "meeting-room-setup", **ROOM))["number"]
    first = (await portal.get("frida.facilities", f"/requests/{number}"))["tasks"][0]["number"]
    async with visitor(portal, "frida.facilities") as frida:
        assert "Übernommen von" not in await frida.page(f"/tasks/{first}")
        await frida.send(f"/tasks/{first}/take")
        assert "Übernommen von Frida Falk" in await frida.page(f"/tasks/{first}")
        await frida.send(f"/tasks/{first}/start")
        with statements(portal) as counted:
            assert "In Arbeit bei Frida Falk" in await frida.page(f"/tasks/{first}")
        assert counted.count <= 5
        empty = await frida.send(f"/tasks/{first}/comments", text="")
        assert empty.status_code == 422
        assert 'id="comment-text-error"' in empty.text
        for note, text in (("true", "The **small** plates."), ("", "It is on its way.")):
            sent = await frida.send(f"/tasks/{first}/comments", text=text, work_note=note, once=text)
            assert sent.headers["location"] == f"/tasks/{first}?done=comment"
        said = await frida.page(f"/tasks/{first}")
        assert "<strong>small</strong> plates" in said
        assert "It is on its way." in said
    async with visitor(portal, "rita.requester") as rita:
        record = await rita.page(f"/records/{number}")
        assert "It is on its way." in record
        assert "plates" not in record


async def test_after_the_end_of_a_task_the_next_one_of_the_request_is_a_click_away(portal: ApiDesk) -> None:
    number = (await portal.order("rita.requester", "hr-conversation", topic="conflict"))["number"]
    [first] = (await portal.get("helga.hrlead", f"/requests/{number}"))["tasks"]
    async with visitor(portal, "helga.hrlead") as helga:
        await helga.page(f"/tasks/{first['number']}")
        assert (await helga.send(f"/tasks/{first['number']}/complete")).status_code == 303
        tasks = (await portal.get("helga.hrlead", f"/requests/{number}"))["tasks"]
        [second] = [one for one in tasks if one["open"]]
        html = await helga.page(f"/tasks/{first['number']}")
        buttons = html.partition('class="actions"')[2].partition("columns")[0]
        assert f'href="/tasks/{second["number"]}"' in buttons
        assert "Als Nächstes: " in buttons
        assert "Als Nächstes" not in await helga.page(f"/tasks/{second['number']}")


async def test_a_task_that_a_return_ended_says_so(portal: ApiDesk) -> None:
    number = (await portal.order("rita.requester", "hr-conversation", topic="conflict"))["number"]
    [found] = (await portal.get("helga.hrlead", f"/requests/{number}"))["tasks"]
    task = found["number"]
    async with visitor(portal, "helga.hrlead") as helga:
        await helga.page(f"/tasks/{task}")
        await portal.post("helga.hrlead", f"/requests/{number}/return", {"reason": "It cannot be done so."})
        late = await helga.send(f"/tasks/{task}/skip")
        assert late.status_code == 409
        assert "als ihre Anforderung zurückgegeben wurde" in late.text
    answer = await portal.call("helga.hrlead", "POST", f"/tasks/{task}/skip", {})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/record-closed")
    assert answer.json()["ended_by"] == "return"


async def test_a_second_taker_is_refused_where_the_first_is_shown(portal: ApiDesk) -> None:
    task = (await task_of(portal, await joined(portal, "Tom Twice"), FILE))["number"]
    async with visitor(portal, "hanna.hr") as hanna:
        await hanna.page(f"/tasks/{task}")
        version = re.search(r'name="version" value="(\d+)"', hanna.last.text)[1]  # pyright: ignore[reportOptionalMemberAccess, reportOptionalSubscript]
        assert (await hanna.send(f"/tasks/{task}/take", version=version)).status_code == 303
        assert (await hanna.send(f"/tasks/{task}/take", version=version, once="other")).status_code == 412


async def test_faults_stand_at_their_fields(portal: ApiDesk) -> None:
    task = (await task_of(portal, await joined(portal, "Fay Fault"), FILE))["number"]
    async with visitor(portal, "hanna.hr") as hanna:
        await hanna.page(f"/tasks/{task}")
        answer = await hanna.send(f"/tasks/{task}/ask", question="Which one?", follow_up_on="2020-01-01")
        assert answer.status_code == 422
        assert 'id="ask-follow_up_on-error"' in answer.text
        assert "Which one?" in answer.text
        answer = await hanna.send(f"/tasks/{task}/assign", person="nobody.here", once="b")
        assert answer.status_code == 422
        assert 'id="assign-person-error"' in answer.text
        answer = await hanna.send(f"/tasks/{task}/assign", person="ingo.it", once="c")
        assert answer.status_code == 422
        assert "muss ein aktives Mitglied von" in answer.text[answer.text.index('id="assign-person-error"') :]


async def test_a_question_waits_until_the_chosen_day(portal: ApiDesk) -> None:
    number = await joined(portal, "Quinn Question")
    task = (await task_of(portal, number, FILE))["number"]
    day = (datetime.now(UTC) + timedelta(days=20)).date()
    async with visitor(portal, "hanna.hr") as hanna:
        await hanna.page(f"/tasks/{task}")
        await hanna.send(f"/tasks/{task}/ask", question="Which contract?", follow_up_on=day.isoformat())
        html = await hanna.page(f"/tasks/{task}")
        assert "Which contract?" in html
        assert f'action="/tasks/{task}/complete"' not in html
    [wait] = (await portal.get("hanna.hr", f"/tasks/{task}"))["waiting"]
    assert wait["kind"] == "requester"
    assert day.isoformat() <= wait["until"][:10] <= (day + timedelta(days=6)).isoformat()


async def test_outputs_are_asked_for_and_checked_at_their_field(portal: ApiDesk) -> None:
    ordered = await portal.order("rita.requester", "hr-conversation", topic="conflict", story="Canary story")
    [found] = (await portal.get("helga.hrlead", f"/requests/{ordered['number']}"))["tasks"]
    task = found["number"]
    async with visitor(portal, "helga.hrlead") as helga:
        html = await helga.page(f"/tasks/{task}")
        assert "Eine Einigung wurde gefunden" in html
        assert "Canary story" not in html
        assert await reads(portal, task) == 0
        shown = await helga.send(f"/tasks/{task}/sensitive")
        assert "Canary story" in shown.text
        assert await reads(portal, task) == 1
        assert "Canary story" not in await helga.page(f"/tasks/{task}")
        assert (await helga.send(f"/tasks/{task}/complete", o__agreed="true")).status_code == 303
    done = await portal.get("helga.hrlead", f"/tasks/{task}")
    assert (done["state"], done["outputs"]) == ("closed_complete", {"agreed": True})


async def test_what_was_entered_stands_at_the_task_and_for_those_who_work_on_the_request(
    portal: ApiDesk,
) -> None:
    number = await approved_laptop(portal)
    await finish(portal, number)
    tasks = (await portal.get("ingo.it", f"/requests/{number}"))["tasks"]
    [task] = [one["number"] for one in tasks if one["open"]]
    assert (await portal.get("ingo.it", f"/tasks/{task}"))["outputs"] == {}
    await finish(portal, number, serial_number="SN-4711-B")
    for who in ("ingo.it", "rita.requester"):
        shown = await portal.get(who, f"/tasks/{task}", accept_language="en")
        assert shown["outputs"] == {"serial_number": "SN-4711-B"}
        assert shown["form"]["properties"]["serial_number"]["title"]
    async with visitor(portal, "ingo.it") as ingo, visitor(portal, "rita.requester") as rita:
        assert "SN-4711-B" in await ingo.page(f"/tasks/{task}")
        with statements(portal) as counted:
            html = await ingo.page(f"/tasks/{task}")
        assert counted.count <= 5
        assert "<dt>Seriennummer</dt><dd>SN-4711-B</dd>" in html
        assert "<dt>Seriennummer</dt><dd>SN-4711-B</dd>" in await ingo.page(f"/records/{number}")
        assert "SN-4711-B" not in await rita.page(f"/records/{number}")


async def reads(portal: ApiDesk, task: str) -> int:
    async with portal.services.engine.connect() as connection:
        rows = await connection.scalars(select(sensitive_read.c.task).where(sensitive_read.c.task == task))
        return len(rows.all())


async def test_only_the_group_sees_buttons_and_only_it_may_press_them(portal: ApiDesk) -> None:
    number = await joined(portal, "Bea Button")
    await portal.post("hanna.hr", f"/tasks/{(await task_of(portal, number, FILE))['number']}/complete", {})
    task = (await task_of(portal, number, PAYROLL))["number"]
    async with visitor(portal, "hanna.hr") as hanna, visitor(portal, "felix.finance") as felix:
        html = await hanna.page(f"/tasks/{task}")
        assert f'action="/tasks/{task}/' not in html
        assert (await hanna.send(f"/tasks/{task}/start")).status_code == 403
        html = await felix.page(f"/tasks/{task}")
        assert f'action="/tasks/{task}/sensitive#sensitive"' in html
        assert "12/345/67890" in (await felix.send(f"/tasks/{task}/sensitive")).text


async def test_a_failed_step_can_be_tried_again_or_given_up(portal: ApiDesk) -> None:
    number = await joined(portal, "Finn Failed")
    task = (await task_of(portal, number, FILE))["number"]
    async with visitor(portal, "hanna.hr") as hanna:
        html = await hanna.page(f"/tasks/{task}")
        assert "/retry" not in html
        assert (await hanna.send(f"/tasks/{task}/retry")).status_code == 409
        assert (await hanna.send(f"/tasks/{task}/fail", note="No contract.")).status_code == 303
    assert (await portal.get("hanna.hr", f"/tasks/{task}"))["state"] == "closed_incomplete"


async def test_reading_changes_nothing(portal: ApiDesk) -> None:
    task = (await task_of(portal, await joined(portal, "Gerd Get"), FILE))["number"]
    async with visitor(portal, "hanna.hr") as hanna:
        for path in (f"/tasks/{task}/complete", f"/tasks/{task}/sensitive", f"/tasks/{task}/take"):
            assert (await hanna.open(path)).status_code in (404, 405)
    assert (await portal.get("hanna.hr", f"/tasks/{task}"))["state"] == "open"
    assert await reads(portal, task) == 0


async def test_the_task_of_a_grant_has_a_page_too(portal: ApiDesk) -> None:
    """A grant is a process of its own: its task stands beside no request's document."""
    kept = await task_of(portal, await joined(portal, "Greta Grant"), FILE)
    async with portal.services.engine.begin() as connection:
        changes = {"number": "SCTASK8000001", "owner": "GRA8000001"}
        for table, undo in ((record, {"phase": "undo"}), (task_table, {"purpose": "undo"})):
            row = (await connection.execute(select(table).where(table.c.number == kept["number"]))).one()
            await connection.execute(insert(table).values({**row._asdict(), **changes, **undo}))
        seen = {"subject": "g:hr-desk", "number": "GRA8000001", "why": "fulfilment_group"}
        as_kept = {"open": True, "changed_at": datetime.now(UTC)}
        await connection.execute(insert(sight).values({**seen, **as_kept}))
    async with visitor(portal, "hanna.hr") as hanna, visitor(portal, "ingo.it") as ingo:
        await hanna.page("/")
        with statements(portal) as counted:
            html = await hanna.page("/tasks/SCTASK8000001")
        assert counted.count <= 5, "\n\n".join(counted.texts)
        assert 'action="/tasks/SCTASK8000001/complete"' in html
        assert 'action="/tasks/SCTASK8000001/ask"' not in html
        assert (await ingo.open("/tasks/SCTASK8000001")).status_code == 404


@pytest.mark.parametrize("who", ["hanna.hr", "helga.hrlead"])
async def test_the_page_takes_five_statements(portal: ApiDesk, who: str) -> None:
    task = (await task_of(portal, await joined(portal, "Stan Statement"), FILE))["number"]
    async with visitor(portal, who) as somebody:
        await somebody.page("/")
        with statements(portal) as counted:
            await somebody.page(f"/tasks/{task}")
        assert counted.count <= 5, "\n\n".join(counted.texts)
