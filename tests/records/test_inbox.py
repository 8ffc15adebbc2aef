"""The inbox of approvals: the oldest first or the soonest due, page by page, in every state, each gate once, and
nothing unseen.
"""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from steadydesk.contracts.gate import ApproverState
from steadydesk.contracts.views import ApprovalView
from steadydesk.records.directory_standing import standing
from steadydesk.records.tables.approval import approver, gate
from steadydesk.records.tables.process import sight
from steadydesk.records.views.approval_inbox import InboxEntry, approval_inbox, instant_of
from steadydesk.records.views.approvals import GateOrder, inbox
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


@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_the_soonest_due_comes_first_and_what_is_never_due_last(
    desk: Desk, gates: list[str], limit: int
) -> None:
    waiting = [gates[1], gates[3], gates[5]]
    hours = {waiting[0]: None, waiting[1]: 5, waiting[2]: 3}
    for name, ahead in hours.items():
        await _make_due(desk, name, ahead)
    in_order = [waiting[2], waiting[1], waiting[0]]
    shown: list[InboxEntry] = []
    while not shown or len(shown) % limit == 0:
        found = await _due_page(desk, limit, shown[-1] if shown else None)
        shown += found
        if not found:
            break
    assert [entry.id for entry in shown if entry.id in gates] == in_order
    assert len({entry.id for entry in shown}) == len(shown)


async def test_each_approver_has_the_date_of_the_gate(desk: Desk) -> None:
    name = f"{await desk.order('board-any')}-G1"
    first = await _dates(desk, name)
    assert first[0] is not None
    assert len(set(first)) == 1
    desk.now += timedelta(hours=2)
    await desk.add_approver(name, "ines")
    assert await _dates(desk, name) == [*first, first[0]]
    await desk.decide(name, "approved", "ann")
    assert set(await _dates(desk, name)) == {None}


async def _make_due(desk: Desk, name: str, ahead: int | None) -> None:
    due = desk.now + timedelta(hours=ahead) if ahead is not None else None
    async with desk.owner.begin() as connection:
        await connection.execute(update(gate).where(gate.c.id == name).values(due_at=due))
        await connection.execute(update(approver).where(approver.c.gate == name).values(due_at=due))


async def _due_page(desk: Desk, limit: int, after: InboxEntry | None) -> list[InboxEntry]:
    position = (instant_of(after, GateOrder.DUE), after.id) if after else None
    async with desk.engine.connect() as connection:
        found = await standing(connection, desk.ids["ann"], desk.now)
        assert found is not None
        viewer = Viewer.of(found, desk.now)
        return await approval_inbox(connection, viewer, [ApproverState.REQUESTED], limit, position)


async def _dates(desk: Desk, name: str) -> list[datetime | None]:
    """Of the gate, and of each who is asked there."""
    async with desk.engine.connect() as connection:
        of_gate = select(gate.c.due_at).where(gate.c.id == name)
        of_each = select(approver.c.due_at).where(approver.c.gate == name)
        return [*await connection.scalars(of_gate), *await connection.scalars(of_each)]
