"""What happened, told with its outcome; why a step failed; the organisation's own words; days as they were meant."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select

from activities.plan import PlanActivities
from activities.registry import REQUESTS
from activities.transition import Transitions
from steadydesk.contracts.delivery import Message
from steadydesk.contracts.request_commands import ErrandOutcome, OutcomeKind, Tick
from steadydesk.records import texts
from steadydesk.records.outbox import post
from steadydesk.records.tables.delivery import in_app, outbox
from steadydesk.records.tables.effect import effect
from tests.portal.visitors import statements, visitor
from tests.support.api_desk import ApiDesk
from tests.support.quiet import Quiet

ACCESS = {"application": "ledger", "level": "write", "until": "2031-03-31", "reason": "Closing of the year"}
STEP = "grant-access"


async def approve_all(portal: ApiDesk, number: str, who: str = "rita.requester") -> None:
    """Whoever is asked first at each gate says yes."""
    while gates := [
        gate
        for gate in (await portal.get(who, f"/requests/{number}"))["approvals"]
        if gate["state"] == "requested"
    ]:
        asked = next(one for one in gates[0]["approvers"] if one["state"] == "requested")
        by = asked["person"]["user_name"]
        await portal.post(by, f"/approvals/{gates[0]['id']}/decision", {"decision": "approved"})


async def report(portal: ApiDesk, number: str, kind: OutcomeKind, problem: str | None = None) -> str:
    """How the automated step of the order's only line ended, after three tries; its line."""
    [line] = (await portal.get("rita.requester", f"/requests/{number}"))["items"]
    errand, now = f"{line['number']}:{STEP}:1", portal.services.clock()
    engine = portal.services.engine
    async with engine.begin() as connection:
        tried: dict[str, Any] = {"key": errand, "number": number, "target": "identity", "operation": "add"}
        state = "done" if kind is OutcomeKind.DONE else "waiting"
        more: dict[str, Any] = {"state": state, "attempts": 3, "first_at": now, "last_at": now}
        answer = texts.prepare({"status": 503, "said": "No <b>seats</b> left"}, "service")
        await texts.write(connection, [answer], now, number)
        await connection.execute(insert(effect).values(**tried, **more, outputs=answer.reference.ref))
    plan = PlanActivities(Transitions(REQUESTS, engine, Quiet()))
    outcome = ErrandOutcome(kind=kind, problem=problem)
    tick = Tick(number=number, step=f"outcome:{errand}", at=now, run="run", errand=errand, outcome=outcome)
    await plan.record_outcome(tick)
    return line["number"]


@pytest.fixture(scope="module")
async def failed(portal: ApiDesk) -> str:
    """An order whose automated step failed, so that its group has to decide."""
    number = (await portal.order("rita.requester", "application-access", **ACCESS))["number"]
    await approve_all(portal, number)
    await report(portal, number, OutcomeKind.FAILED, "Unavailable")
    return number


async def task_of(portal: ApiDesk, number: str) -> dict[str, Any]:
    tasks = (await portal.get("ingo.it", f"/requests/{number}"))["tasks"]
    [task] = [each for each in tasks if each["open"]]
    return task


def entries(html: str, region: str) -> list[tuple[str, str]]:
    """Words and small print of each entry."""
    part = html.partition(f'data-live="{region}"')[2].partition("</ol>")[0]
    found = re.findall(r"<li><span>(.*?)</span><span class=\"small\">(.*?)<time", part)
    return [(words, small.rstrip(" ·")) for words, small in found]


async def test_the_timeline_says_who_decided_what_and_folds_the_rest(portal: ApiDesk, failed: str) -> None:
    async with visitor(portal, "rita.requester") as rita:
        html = await rita.page(f"/records/{failed}")
    shown = entries(html, "timeline")
    assert ("Mona Marsh approved (Supervisor)", "") in shown
    assert shown[-1] == ("Rita Reed asked for it", "")
    assert ("The work on it began", "Steadydesk") in shown
    assert any(words.startswith("A step failed; a decision is asked for (") for words, _ in shown)
    assert len(shown) <= 8
    assert not any(words.startswith(("Step started", "Task opened", "Decided")) for words, _ in shown)
    assert "<summary>Everything that happened</summary>" in html
    every = entries(html, "everything")
    assert len(every) == len([each for each in (await timeline(portal, failed)) if each["kind"] == "event"])
    started = [small for words, small in every if words.startswith(("Step started", "Task opened"))]
    assert started
    assert set(started) == {"Steadydesk"}


async def timeline(portal: ApiDesk, number: str) -> list[dict[str, Any]]:
    return (await portal.get("rita.requester", f"/requests/{number}/timeline"))["items"]


async def test_a_refusal_is_told_as_one_in_the_readers_language(portal: ApiDesk) -> None:
    number = (await portal.order("bert.budget", "application-access", **ACCESS))["number"]
    gate = (await portal.get("bert.budget", f"/requests/{number}"))["approvals"][0]
    by = gate["approvers"][0]["person"]
    body = {"decision": "rejected", "comment": "Not now."}
    await portal.post(by["user_name"], f"/approvals/{gate['id']}/decision", body)
    async with visitor(portal, "bert.budget") as bert:
        html = await bert.page(f"/records/{number}")
        words = " ".join(text for text, _ in entries(html, "timeline"))
    assert f"{by['name']} refused" in words or f"{by['name']} hat abgelehnt" in words


async def test_who_decides_on_a_failed_step_learns_why_it_failed(portal: ApiDesk, failed: str) -> None:
    task = await task_of(portal, failed)
    async with visitor(portal, "ingo.it") as ingo:
        await ingo.page("/")
        with statements(portal) as counted:
            html = await ingo.page(f"/tasks/{task['number']}")
    assert counted.count <= 5
    why = html.partition('data-live="failure"')[2].partition("</section>")[0]
    assert "The target did not answer." in why or "Das Zielsystem hat nicht geantwortet." in why
    assert "<dd>identity</dd>" in why
    assert "<dd>3</dd>" in why
    assert "<dd>503</dd>" in why
    assert "<dd>No &lt;b&gt;seats&lt;/b&gt; left</dd>" in why
    failure = (await portal.get("ingo.it", f"/tasks/{task['number']}"))["failure"]
    assert (failure["problem"], failure["status"], failure["said"]) == (
        "Unavailable", 503, "No <b>seats</b> left",
    )  # fmt: skip
    assert "Nobody decided about the failed step" not in html


async def test_a_decision_is_named_after_its_step_alone(portal: ApiDesk, failed: str) -> None:
    async with visitor(portal, "rita.requester") as rita:
        for path in ("/", "/requests", f"/records/{failed}"):
            html = await rita.page(path)
            assert "decision on the failed step “Grant the access”" in html
            assert "step “Failed:" not in html


async def test_lists_call_what_is_waited_for_as_the_organisation_does(portal: ApiDesk) -> None:
    await portal.order("ralf.requester", "application-access", **ACCESS)
    async with visitor(portal, "ralf.requester") as ralf:
        await ralf.page("/profile")
        for path in ("/", "/requests"):
            html = (await ralf.open(path, **{"Accept-Language": "de"})).text
            assert "Führungskraft" in html
            assert "Supervisor" not in html


async def test_home_names_the_line_its_amount_and_the_stage_of_each_approval(portal: ApiDesk) -> None:
    lines = [
        {"item": "application-access", "variables": ACCESS},
        {"item": "new-laptop", "variables": {"model": "light", "accessories": ["dock"]}},
    ]
    number = (await portal.post("mona.manager", "/requests", {"items": lines}))["number"]
    # Her manager has few others to decide on, and reads German.
    async with visitor(portal, "david.director") as david:
        html = (await david.page("/")).partition('id="approvals"')[2].partition("</section>")[0]
    rows = [row for row in html.split('<li class="row">') if number in row]
    assert len(rows) == 2
    access, laptop = sorted(rows, key=lambda row: "Neues Notebook" in row)
    assert "Zugriff auf eine Anwendung" in access
    assert "Neues Notebook" in laptop
    assert "€" in laptop
    assert "€" not in access
    assert all("Führungskraft" in row for row in rows)


async def test_nobody_is_asked_at_home_to_decide_on_their_own_request(portal: ApiDesk) -> None:
    """Bert stands in for his manager, and cannot decide on what he asked for himself."""
    own = (await portal.order("bert.budget", "application-access", **ACCESS))["number"]
    other = (await portal.order("mona.manager", "application-access", **ACCESS))["number"]
    now = datetime.now(UTC)
    made = await portal.post(
        "david.director",
        "/delegations",
        {
            "delegator": await portal.person("david.director"),
            "delegate": await portal.person("bert.budget"),
            "begins_at": now.isoformat(),
            "ends_at": now.replace(year=now.year + 1, month=1, day=1).isoformat(),
        },
    )
    try:
        async with visitor(portal, "bert.budget") as bert:
            home = (await bert.page("/")).partition('id="approvals"')[2].partition("</section>")[0]
            inbox = await bert.page("/approvals")
            page = await bert.page(f"/records/{own}")
        assert other in home
        assert "in the name of David Damm" in home
        assert own not in home
        assert f"/approvals/{own}-G1" not in inbox
        assert 'class="button main" href="/approvals/' not in page
    finally:
        await portal.call("david.director", "DELETE", f"/delegations/{made['id']}")


async def test_a_grant_is_extended_to_a_later_day_only(portal: ApiDesk) -> None:
    number = (await portal.order("rita.requester", "application-access", **ACCESS))["number"]
    await approve_all(portal, number)
    await report(portal, number, OutcomeKind.DONE)
    for until in ("2020-01-01", "2031-03-30", "2031-03-31"):
        answer = await portal.call("rita.requester", "POST", f"/requests/{number}/extend", {"until": until})
        assert answer.status_code == 422, answer.text
        [problem] = answer.json()["problems"]
        assert (problem["pointer"], problem["message"]) == (
            "/until",
            "must be after 2031-03-31, the present end",
        )
    async with visitor(portal, "rita.requester") as rita:
        html = await rita.page(f"/records/{number}/extend")
        assert "until 31 Mar 2031" in html
        assert 'min="2031-04-01"' in html
        wrong = await rita.send(f"/records/{number}/extend", until="2031-03-01")
        assert wrong.status_code == 422
        assert 'id="extend-until-error"' in wrong.text
        assert "until 31 Mar 2031" in await rita.page(f"/records/{number}")
        await rita.send("/profile", language="en", zone="America/New_York")
        assert "until 31 Mar 2031" in await rita.page(f"/records/{number}")
        assert (await rita.send(f"/records/{number}/extend", until="2031-04-01")).status_code == 303


async def test_an_order_names_no_end_that_is_over(portal: ApiDesk) -> None:
    past = ACCESS | {"until": "2020-03-31"}
    body = {"items": [{"item": "application-access", "variables": past}]}
    answer = await portal.call("rita.requester", "POST", "/requests", body)
    assert answer.status_code == 422
    [problem] = answer.json()["problems"]
    assert (problem["pointer"], problem["message"]) == (
        "/items/0/variables/until",
        "must be a day after today",
    )


async def test_a_notification_says_how_an_approval_ended(portal: ApiDesk, failed: str) -> None:
    person, now = await portal.person("rita.requester"), portal.services.clock()
    async with portal.services.engine.begin() as connection:
        posted = (
            await connection.execute(
                select(outbox).where(outbox.c.number == failed, outbox.c.event == "approval.decided")
            )
        ).first()
        assert posted is not None
        message = Message(
            id="test:decided",
            event="approval.decided",
            number=failed,
            subject=posted.subject,
            audience=[f"p:{person}"],
            facts=posted.facts,
            at=now,
        )
        await post(connection, [message])
        row = {"person": person, "outbox_id": message.id, "event": message.event, "number": failed, "at": now}
        await connection.execute(in_app.insert().values(**row))
    async with visitor(portal, "rita.requester") as rita:
        html = await rita.page("/notifications")
    async with portal.services.engine.begin() as connection:
        await connection.execute(in_app.delete().where(in_app.c.outbox_id == message.id))
    assert re.search(r'<span class="title">Approved: \w', html)
