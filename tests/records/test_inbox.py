"""The inbox of approvals: the oldest first, page by page, in every state, each gate once, and nothing unseen."""

from datetime import timedelta

import pytest
from sqlalchemy import delete

from steadydesk.contracts.gate import ApproverState
from steadydesk.contracts.views import ApprovalView
from steadydesk.records.directory_standing import standing
from steadydesk.records.tables.process import sight
from steadydesk.records.views.approvals import inbox
from steadydesk.records.views.visibility import Viewer
from tests.support.request_desk import Desk

DECISIONS = ("approved", None, "rejected", None, "approved", None)


@pytest.fixture
async def gates(desk: Desk) -> list[str]:
    """One gate an hour, each of ann, ben and cem; some are decided by ann."""
    found: list[str] = []
    for decision in DECISIONS:
        desk.now += timedelta(hours=1)
        found.append(f"{await desk.order('board-any')}-G1")
        if decision is not None:
            await desk.decide(found[-1], decision, "ann")
    return found


async def page(
    desk: Desk, who: str, state: str | None, limit: int, after: ApprovalView | None = None
) -> list[ApprovalView]:
    async with desk.engine.connect() as connection:
        found = await standing(connection, desk.ids[who], desk.now)
        assert found is not None
        position = (after.opened_at, after.id) if after else None
        return await inbox(connection, Viewer.of(found, desk.now), state, limit, position)


async def read(desk: Desk, who: str, gates: list[str], state: str | None = None, limit: int = 2) -> list[str]:
    """Those of ``gates`` in all pages."""
    shown = await page(desk, who, state, limit)
    last = shown
    while len(last) == limit:
        last = await page(desk, who, state, limit, last[-1])
        shown += last
    assert len({one.id for one in shown}) == len(shown)
    return [one.id for one in shown if one.id in gates]


@pytest.mark.parametrize("limit", [1, 2, 5, 50])
async def test_every_state_stands_in_one_order(desk: Desk, gates: list[str], limit: int) -> None:
    assert await read(desk, "ann", gates, limit=limit) == gates
    for state in ApproverState:
        wanted = {"approved": "approved", "rejected": "rejected", "requested": None}.get(state, "none")
        of_state = [gate for gate, decision in zip(gates, DECISIONS, strict=True) if decision == wanted]
        assert await read(desk, "ann", gates, state, limit) == of_state
    others = [gate for gate, decision in zip(gates, DECISIONS, strict=True) if decision is not None]
    assert await read(desk, "ben", gates, ApproverState.NOT_REQUIRED, limit) == others
    assert await read(desk, "rita", gates, limit=limit) == []


async def test_who_stands_for_two_sees_a_gate_once(desk: Desk, gates: list[str]) -> None:
    await desk.delegate("ann", "dan")
    await desk.delegate("ben", "dan")
    assert await read(desk, "dan", gates) == gates
    assert await read(desk, "dan", gates, ApproverState.REQUESTED) == [gates[1], gates[3], gates[5]]


async def test_what_is_out_of_sight_takes_no_place_on_a_page(desk: Desk, gates: list[str]) -> None:
    number = gates[2].partition("-")[0]
    async with desk.owner.begin() as connection:
        await connection.execute(delete(sight).where(sight.c.number == number))
    assert await read(desk, "ann", gates) == [gate for gate in gates if gate != gates[2]]
