"""The inbox of approvals, the page of one, and decisions made together."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from steadydesk.contracts.page import cursor
from tests.portal.visitors import Visitor, field_of, statements, tags, visitor
from tests.support.api_desk import ApiDesk

ACCESS = {"application": "ledger", "level": "read", "until": "2030-03-31", "reason": "Closing of the year"}

LAPTOP = {"model": "light", "accessories": ["dock"]}


@pytest.fixture
async def mona(portal: ApiDesk) -> AsyncIterator[Visitor]:
    async with visitor(portal, "mona.manager") as somebody:
        yield somebody


async def order_access(portal: ApiDesk, **more: str) -> str:
    return f"{(await portal.order('rita.requester', 'application-access', **ACCESS | more))['number']}-G1"


async def test_the_inbox_shows_the_chosen_one_beside_it(portal: ApiDesk, mona: Visitor) -> None:
    gate = await order_access(portal)
    await mona.page("/approvals")
    with statements(portal) as counted:
        html = await mona.page(f"/approvals?selected={gate}")
    assert counted.count <= 5, "\n\n".join(counted.texts)
    assert f'href="/approvals/{gate}"' in html
    assert f'action="/approvals/{gate}/decision"' in html
    assert "Closing of the year" in html
    assert sum(tag == "h1" for tag, _ in tags(html)) == 1


async def test_the_page_says_what_a_decision_needs(portal: ApiDesk, mona: Visitor) -> None:
    gate = await order_access(portal, level="write")
    with statements(portal) as counted:
        html = await mona.page(f"/approvals/{gate}")
    assert counted.count <= 5, "\n\n".join(counted.texts)
    assert "Rita Reed" in html
    assert "Closing of the year" in html
    assert "line manager" in html
    assert "The next stage is asked: Data owner." in html
    assert "The request is closed as refused" in html


async def test_a_decision_is_taken_and_leads_to_the_next_one(portal: ApiDesk, mona: Visitor) -> None:
    gate = await order_access(portal)
    html = await mona.page(f"/approvals?selected={gate}")
    key, back = field_of(html, "once"), field_of(html, "back")
    answer = await mona.send(
        f"/approvals/{gate}/decision", decision="approved", comment="Go on", once=key, back=back
    )
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/approvals?")
    assert "done=approval_approved" in answer.headers["location"]
    again = await mona.send(f"/approvals/{gate}/decision", decision="approved", comment="Go on", once=key)
    assert again.status_code == 303
    html = await mona.page(f"/approvals/{gate}")
    assert "This approval is over" in html
    assert "Go on" in html
    assert gate in await mona.page("/approvals?show=decided")


async def test_a_refusal_needs_its_reason_at_the_field(portal: ApiDesk, mona: Visitor) -> None:
    gate = await order_access(portal)
    await mona.page(f"/approvals/{gate}")
    for decision, words in (("rejected", "Say why you reject it."), ("ask", "Write what you want to know.")):
        answer = await mona.send(f"/approvals/{gate}/decision", decision=decision)
        assert answer.status_code == 422
        assert 'id="decide-comment-error"' in answer.text
        assert words in answer.text
    assert (await portal.get("mona.manager", f"/approvals/{gate}"))["state"] == "requested"


async def test_who_is_refused_stays_where_they_were(portal: ApiDesk, mona: Visitor) -> None:
    gate = await order_access(portal)
    await mona.page(f"/approvals/{gate}")
    after = cursor(datetime(2020, 1, 1, tzinfo=UTC).isoformat(), "REQ0000001-G1")
    for back, first in ((f"/approvals?show=open&after={after}", True), ("/approvals?show=open", False)):
        answer = await mona.send(f"/approvals/{gate}/decision", decision="rejected", back=back)
        assert answer.status_code == 422
        assert ('<a class="button" href="/approvals?show=open">' in answer.text) is first, back


async def test_one_text_serves_every_decision_and_stays_when_it_was_not_enough(
    portal: ApiDesk, mona: Visitor
) -> None:
    gate = await order_access(portal)
    html = await mona.page(f"/approvals/{gate}")
    decision = html.partition('id="decision"')[2].partition("</section>")[0]
    assert decision.count("<textarea") == 1
    assert re.findall(r'name="decision" value="([a-z]+)"', decision) == ["approved", "rejected", "ask"]
    assert html.index('id="decision"') < html.index("What it is about")
    assert "Without a decision by then" in decision
    twice = await mona.send(f"/approvals/{gate}/decision", decision="rejected", comment="x" * 4001)
    assert twice.status_code == 422
    assert "x" * 4001 in twice.text


async def test_after_a_decision_the_next_one_is_a_click_away(portal: ApiDesk, mona: Visitor) -> None:
    first, second = await order_access(portal), await order_access(portal)
    await mona.page(f"/approvals/{second}")
    answer = await mona.send(f"/approvals/{second}/decision", decision="approved")
    with statements(portal) as counted:
        html = await mona.page(answer.headers["location"])
    assert counted.count <= 5
    found = re.search(r'href="/approvals/(REQ\d+-G\d+)">Next( one| of (\d+))<', html)
    assert found
    assert found[1] not in (second, None)
    waiting = (await mona.page("/approvals")).count('name="gate"')
    assert found[3] == str(waiting)
    for wrong in ("following=x", "following=REQ1-G1&left=0", "following=REQ1-G1&left=no"):
        assert (await mona.open(f"/approvals/{first}?{wrong}")).status_code in (404, 422)


async def test_a_question_rests_the_approval(portal: ApiDesk, mona: Visitor) -> None:
    gate = await order_access(portal)
    await mona.page(f"/approvals/{gate}")
    answer = await mona.send(f"/approvals/{gate}/decision", decision="ask", comment="For which books?")
    assert answer.headers["location"].startswith(f"/approvals/{gate}?")
    assert answer.headers["location"].endswith("done=approval_ask")
    html = await mona.page(f"/approvals/{gate}")
    assert "For which books?" in html
    assert "A question is open" in html


async def test_late_own_and_foreign_votes_are_refused_in_words(portal: ApiDesk, mona: Visitor) -> None:
    gate = await order_access(portal)
    await mona.page(f"/approvals/{gate}")
    await portal.post("mona.manager", f"/approvals/{gate}/decision", {"decision": "approved"})
    late = await mona.send(f"/approvals/{gate}/decision", decision="rejected", comment="No")
    assert late.status_code == 409
    assert "before your decision arrived" in late.text
    async with visitor(portal, "rita.requester") as rita:
        waiting = await order_access(portal)
        html = await rita.page(f"/approvals/{waiting}")
        assert "Nobody decides on what they asked for themselves" in html
        assert "data-hot" not in html
        own = await rita.send(f"/approvals/{waiting}/decision", decision="approved")
        assert own.status_code == 403


async def test_what_is_hidden_is_not_found_and_nothing_is_decided_by_get(
    portal: ApiDesk, mona: Visitor
) -> None:
    gate = await order_access(portal)
    async with visitor(portal, "hanna.hr") as hanna:
        for path in (f"/approvals/{gate}", f"/approvals?selected={gate}", "/approvals/REQ9999999-G1"):
            assert (await hanna.open(path)).status_code == 404
        assert gate not in await hanna.page(f"/approvals/bulk?gate={gate}")
    assert (await mona.open(f"/approvals/{gate}/decision?decision=approved")).status_code in (404, 405)
    await mona.page(f"/approvals/bulk?gate={gate}&decision=approved")
    foreign = await mona.send(
        f"/approvals/{gate}/decision", decision="approved", origin="http://evil.example"
    )
    assert foreign.status_code == 403
    assert (await portal.get("mona.manager", f"/approvals/{gate}"))["state"] == "requested"


async def test_approving_again_shows_the_difference(portal: ApiDesk, mona: Visitor) -> None:
    gate = await order_access(portal, level="write")
    number = gate.partition("-")[0]
    await portal.post("mona.manager", f"/approvals/{gate}/decision", {"decision": "approved"})
    line = (await portal.get("rita.requester", f"/requests/{number}"))["items"][0]["number"]
    changed = {"line": line, "variables": ACCESS | {"level": "write", "reason": "Audit of the year"}}
    await portal.post("rita.requester", f"/requests/{number}/resubmit", changed)
    newest = (await portal.get("mona.manager", f"/requests/{number}"))["approvals"][-1]["id"]
    html = await mona.page(f"/approvals/{newest}")
    assert "<del>Closing of the year</del>" in html
    assert "<ins>Audit of the year</ins>" in html
    assert html.count("<del>") == 1
    assert "What has changed since it was decided" in html
    [change] = (await portal.get("mona.manager", f"/approvals/{newest}"))["changes"]
    assert change == {
        "field": "variables.reason", "known": True, "before": "Closing of the year", "after": "Audit of the year",
    }  # fmt: skip


async def test_the_same_answers_again_leave_the_approval(portal: ApiDesk) -> None:
    gate = await order_access(portal)
    number = gate.partition("-")[0]
    line = (await portal.get("rita.requester", f"/requests/{number}"))["items"][0]["number"]
    await portal.post("rita.requester", f"/requests/{number}/resubmit", {"line": line, "variables": ACCESS})
    found = (await portal.get("mona.manager", f"/requests/{number}"))["approvals"]
    assert [(one["id"], one["state"]) for one in found] == [(gate, "requested")]


async def test_a_delegate_decides_in_the_other_name(portal: ApiDesk) -> None:
    gate = await order_access(portal)
    mine = await portal.person("mona.manager")
    theirs = await portal.person("bert.budget")
    now = portal.services.clock()
    span = {"begins_at": now.isoformat(), "ends_at": now.replace(year=now.year + 1).isoformat()}
    made = await portal.post("mona.manager", "/delegations", {"delegator": mine, "delegate": theirs} | span)
    async with visitor(portal, "bert.budget") as bert:
        html = await bert.page(f"/approvals/{gate}")
        assert "You decide for Mona Marsh." in html
        await bert.send(f"/approvals/{gate}/decision", decision="approved")
        assert "by Bert Brook" in await bert.page(f"/approvals/{gate}")
    await portal.call("mona.manager", "DELETE", f"/delegations/{made['id']}")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "You do not stand for the person"), ("de", "Sie vertreten die Person nicht oder nicht mehr")],
)
async def test_who_stands_for_the_named_person_no_more_is_told_so(
    portal: ApiDesk, mona: Visitor, language: str, words: str
) -> None:
    gate = await order_access(portal)
    await mona.page("/profile")
    await mona.send("/profile", language=language, zone="America/New_York")
    try:
        await mona.page(f"/approvals/{gate}")
        said = {"decision": "approved", "acting_for": "bert.budget"}
        answer = await mona.send(f"/approvals/{gate}/decision", **said)
    finally:
        await mona.send("/profile", language="en", zone="America/New_York")
    assert answer.status_code == 403
    assert words in answer.text


async def test_together_only_what_one_confirmation_may_decide(portal: ApiDesk, mona: Visitor) -> None:
    first, second = await order_access(portal), await order_access(portal)
    other = f"{(await portal.order('rita.requester', 'new-laptop', **LAPTOP))['number']}-G1"
    gates = [first, second, other]
    query = "&".join(f"gate={gate}" for gate in gates)
    await mona.page("/approvals")
    with statements(portal) as counted:
        html = await mona.page(f"/approvals/bulk?{query}&decision=approved")
    assert counted.count <= 5
    assert re.findall(r'name="gate" value="([^"]*)"', html) == [first, second]
    assert "It follows another policy" in html
    await portal.post("mona.manager", f"/approvals/{second}/decision", {"decision": "approved"})
    key = field_of(html, "once")
    answer = await mona.send("/approvals/bulk", gate=gates, decision="approved", once=key)
    assert answer.status_code == 200
    assert await states(portal, gates) == ["approved", "approved", "requested"]
    assert "Decided in the meantime" in answer.text


async def test_together_never_above_the_amount_and_with_a_reason(portal: ApiDesk, mona: Visitor) -> None:
    """Two laptops cost 2,800, the policy lets 2,000 be decided together: not in one order, nor in two."""
    body = {"items": [{"item": "new-laptop", "quantity": 2, "variables": LAPTOP}]}
    dear = f"{(await portal.post('rita.requester', '/requests', body))['number']}-G1"
    cheap, second = [
        f"{(await portal.order('rita.requester', 'new-laptop', **LAPTOP))['number']}-G1" for _ in range(2)
    ]
    html = await mona.page(f"/approvals/bulk?gate={cheap}&gate={second}")
    assert re.findall(r'name="gate" value="([^"]*)"', html) == [cheap]
    assert "With it, more would be decided together than its policy lets" in html
    needs = await mona.send("/approvals/bulk", gate=[dear, cheap], decision="rejected")
    assert needs.status_code == 422
    assert "Say why you reject it." in needs.text
    gates = [dear, cheap, second]
    answer = await mona.send("/approvals/bulk", gate=gates, decision="rejected", comment="Not now")
    assert "Above the amount that its policy lets be decided together" in answer.text
    assert "With it, more would be decided together than its policy lets" in answer.text
    assert await states(portal, gates) == ["requested", "rejected", "requested"]


async def states(portal: ApiDesk, gates: list[str]) -> list[str]:
    return [(await portal.get("mona.manager", f"/approvals/{gate}"))["state"] for gate in gates]
