"""Who is asked at an approval, and who decided in whose name: the same wherever the approval is read."""

from datetime import timedelta
from typing import Any

import pytest

from steadydesk.contracts.views import ApprovalView, ApproverView
from steadydesk.records.directory_standing import standing
from steadydesk.records.views.approvals import approvals_of, find_approval, inbox
from steadydesk.records.views.request_page import request_content
from steadydesk.records.views.visibility import Viewer
from tests.support.request_desk import Desk
from tests.support.statements import statements


@pytest.fixture
async def gate(desk: Desk) -> str:
    """Asks ann, ben and cem, all of them; dan stands in for ben."""
    await desk.delegate("ben", "dan")
    return f"{await desk.order('board-all')}-G1"


async def read(desk: Desk, gate: str) -> dict[str, ApproverView]:
    """By user name; of the one view that every way to the gate gives."""
    number = gate.partition("-G")[0]
    async with desk.engine.connect() as connection:
        found = await standing(connection, desk.ids["ann"], desk.now)
        assert found is not None
        viewer = Viewer.of(found, desk.now)
        page = await request_content(connection, viewer, number)
        assert page is not None
        ways: list[ApprovalView | None] = [
            await find_approval(connection, viewer, gate),
            *await approvals_of(connection, number, viewer.language),
            *(one for one in await inbox(connection, viewer, None, 50) if one.id == gate),
            *page.view.approvals,
        ]
    first = ways[0]
    assert first is not None
    assert ways == [first] * 4
    return {one.person.user_name or "": one for one in first.approvers}


async def vote(desk: Desk, gate: str, decision: str, by: str, **more: Any) -> None:
    """A minute after what was before."""
    desk.now += timedelta(minutes=1)
    await desk.decide(gate, decision, by, **more)


async def test_a_vote_says_who_cast_it_and_when(desk: Desk, gate: str) -> None:
    assert {(one.decided_by, one.decided_at) for one in (await read(desk, gate)).values()} == {(None, None)}
    await vote(desk, gate, "approved", "ann-two")
    first = desk.now
    await vote(desk, gate, "approved", "dan", acting_for="ben")
    asked = await read(desk, gate)
    people = {name: one.decided_by.user_name if one.decided_by else None for name, one in asked.items()}
    assert people == {"ann": "ann-two", "ben": "dan", "cem": None}
    assert [asked[name].decided_at for name in ("ann", "ben", "cem")] == [first, desk.now, None]


async def test_the_newest_vote_of_a_person_counts_and_a_withdrawn_one_does_not(desk: Desk, gate: str) -> None:
    await vote(desk, gate, "approved", "dan", acting_for="ben")
    await vote(desk, gate, "withdrawn", "dan")
    asked = (await read(desk, gate))["ben"]
    assert (asked.state, asked.decided_by, asked.decided_at) == ("requested", None, None)
    await vote(desk, gate, "rejected", "ben")
    asked = (await read(desk, gate))["ben"]
    assert asked.decided_by == asked.person
    assert (asked.state, asked.decided_at) == ("rejected", desk.now)


async def test_it_takes_no_statement_of_its_own(desk: Desk, gate: str) -> None:
    await vote(desk, gate, "approved", "dan", acting_for="ben")
    async with desk.engine.connect() as connection:
        found = await standing(connection, desk.ids["ann"], desk.now)
        assert found is not None
        with statements(desk.engine.sync_engine) as sent:
            await inbox(connection, Viewer.of(found, desk.now), None, 50)
    assert len(sent) == 3, "the gates, who is asked with what they decided, and their names"
