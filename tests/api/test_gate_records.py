"""A gate is a record among the others: found by its number, it says why it waits and what happened to it."""

import pytest

from steadydesk.records.directory_standing import standing_by_name
from steadydesk.records.views.approval_inbox import approvals_named
from steadydesk.records.views.request_page import request_content
from steadydesk.records.views.visibility import Viewer
from tests.support.api_desk import ApiDesk
from tests.support.refusals import refused

RITA, MONA = "rita.requester", "mona.manager"
LAPTOP = {"items": [{"item": "new-laptop", "variables": {"model": "light"}}]}


@pytest.fixture
async def gate(desk: ApiDesk) -> str:
    number = (await desk.post(RITA, "/requests", LAPTOP))["number"]
    return (await desk.get(RITA, f"/requests/{number}"))["approvals"][0]["id"]


async def test_a_gate_is_found_however_it_is_typed(desk: ApiDesk, gate: str) -> None:
    approval = await desk.get(RITA, f"/approvals/{gate}")
    assert approval["id"] == gate
    for typed in (gate, gate.lower(), gate.replace("REQ000", "req-"), gate.replace("-G", " g")):
        assert await desk.get(RITA, f"/records/{typed}") == approval


async def test_a_gate_says_why_it_waits(desk: ApiDesk, gate: str) -> None:
    why = await desk.get(RITA, f"/records/{gate}/why")
    assert (why["number"], why["state"], why["open"]) == (gate, "requested", True)
    assert [(one["kind"], one["subject"]) for one in why["waiting"]] == [("approval", gate)]
    await desk.post(MONA, f"/approvals/{gate}/decision", {"decision": "ask", "comment": "Which one?"})
    why = await desk.get(RITA, f"/records/{gate}/why")
    assert [(one["kind"], one["whom"]) for one in why["waiting"]] == [("information", "requester")]
    await desk.post(MONA, f"/approvals/{gate}/decision", {"decision": "rejected", "comment": "No"})
    why = await desk.get(RITA, f"/records/{gate}/why")
    assert (why["state"], why["open"], why["waiting"]) == ("rejected", False, [])


async def test_a_gate_has_its_own_timeline(desk: ApiDesk, gate: str) -> None:
    await desk.post(MONA, f"/approvals/{gate}/decision", {"decision": "rejected", "comment": "No"})
    whole = (await desk.get(RITA, f"/records/{gate.partition('-G')[0]}/timeline"))["items"]
    own = (await desk.get(RITA, f"/records/{gate}/timeline"))["items"]
    assert own == [entry for entry in whole if entry["subject"] == gate]
    assert {"gate.opened", "gate.voted"} <= {entry["event"] for entry in own}
    assert [entry["text"] for entry in own if entry["kind"] == "comment"] == ["No"]
    first = await desk.get(RITA, f"/records/{gate}/timeline?limit=1")
    assert [entry["event"] for entry in first["items"]] == ["gate.opened"]
    rest = await desk.get(RITA, f"/records/{gate}/timeline?after={first['after']}")
    assert [*first["items"], *rest["items"]] == own


@pytest.mark.parametrize("path", ["", "/why", "/timeline"])
async def test_who_does_not_see_the_request_sees_no_gate_of_it(desk: ApiDesk, gate: str, path: str) -> None:
    refused(await desk.call("stan.stranger", "GET", f"/records/{gate}{path}"), 404, "unknown-record")
    refused(await desk.call(RITA, "GET", f"/records/{gate}9{path}"), 404, "unknown-record")


async def test_the_tenth_gate_comes_behind_the_ninth(desk: ApiDesk) -> None:
    """All of them open in one instant."""
    number = (await desk.post(RITA, "/requests", {"items": LAPTOP["items"] * 12}))["number"]
    wanted = [f"{number}-G{place}" for place in range(1, 13)]
    view = await desk.get(RITA, f"/requests/{number}")
    assert [gate["id"] for gate in view["approvals"]] == wanted
    async with desk.services.engine.connect() as connection:
        now = desk.services.clock()
        mona = await standing_by_name(connection, MONA, now)
        assert mona is not None
        viewer = Viewer.of(mona, now)
        named = await approvals_named(connection, viewer, wanted)
        content = await request_content(connection, viewer, number)
    assert [entry.id for entry in named] == wanted
    assert content is not None
    assert [gate.id for gate in content.view.approvals] == wanted
