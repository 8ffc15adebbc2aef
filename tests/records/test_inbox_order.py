"""Approvals of one instant stand in the order of their numbers, on every page and by the index of their inbox."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.gate import ApproverState
from steadydesk.records.directory_standing import standing
from steadydesk.records.views.approval_inbox import approval_inbox, instant_of
from steadydesk.records.views.approvals import GateOrder, inbox
from steadydesk.records.views.home import home_content
from steadydesk.records.views.visibility import Viewer
from tests.support.request_desk import Desk
from tests.support.statements import statements

ASKED = [ApproverState.REQUESTED]


@pytest.fixture
async def connection(desk: Desk) -> AsyncIterator[AsyncConnection]:
    async with desk.engine.connect() as connection:
        yield connection


async def ann(desk: Desk, connection: AsyncConnection) -> Viewer:
    found = await standing(connection, desk.ids["ann"], desk.now)
    assert found is not None
    return Viewer.of(found, desk.now)


@pytest.fixture(scope="module")
async def gates(module_desk: Desk) -> dict[str, list[str]]:
    """All of one instant: twelve of one request, and those on both sides of the number that has one digit more."""
    desk = module_desk
    number = await desk.order(*["board-any"] * 12)
    async with desk.owner.begin() as connection:
        await connection.execute(text("SELECT setval('serial_req', 9999997)"))
    return {
        "of one request": [f"{number}-G{place}" for place in range(1, 13)],
        "of longer numbers": [f"{await desk.order('board-any')}-G1" for _ in range(4)],
    }


@pytest.mark.parametrize("limit", [1, 5, 50])
async def test_the_list_of_the_api_goes_on_behind_its_last(
    desk: Desk, connection: AsyncConnection, gates: dict[str, list[str]], limit: int
) -> None:
    viewer = await ann(desk, connection)
    shown: list[str] = []
    after: tuple[datetime, str] | None = None
    while page := await inbox(connection, viewer, None, limit, after):
        shown += [one.id for one in page]
        after = page[-1].opened_at, page[-1].id
    assert len(shown) == len(set(shown)) == 16
    for some in gates.values():
        assert [one for one in shown if one in some] == some


@pytest.mark.parametrize("limit", [1, 5, 50])
@pytest.mark.parametrize("order", GateOrder)
async def test_the_inbox_of_the_portal_goes_on_behind_its_last(
    desk: Desk, connection: AsyncConnection, gates: dict[str, list[str]], order: GateOrder, limit: int
) -> None:
    viewer = await ann(desk, connection)
    shown: list[str] = []
    after: tuple[datetime, str] | None = None
    while page := await approval_inbox(connection, viewer, ASKED, limit, after, order):
        shown += [one.id for one in page]
        after = instant_of(page[-1], order), page[-1].id
    assert len(shown) == len(set(shown)) == 16
    for some in gates.values():
        wanted = some[::-1] if order is GateOrder.NEWEST else some
        assert [one for one in shown if one in some] == wanted


async def test_the_first_page_begins_as_the_inbox_does(
    desk: Desk, connection: AsyncConnection, gates: dict[str, list[str]]
) -> None:
    begins = (await home_content(connection, await ann(desk, connection), [])).approvals
    assert len(begins) > 2
    assert [one.id for one in begins] == gates["of one request"][: len(begins)]


@pytest.mark.usefixtures("gates")
@pytest.mark.parametrize(
    ("order", "index"),
    [
        (GateOrder.OLDEST, "Scan using ix_approver_inbox"),
        (GateOrder.NEWEST, "Scan Backward using ix_approver_inbox"),
        (GateOrder.DUE, "Scan using ix_approver_due"),
    ],
)
async def test_a_page_is_a_range_of_its_index(
    desk: Desk, connection: AsyncConnection, order: GateOrder, index: str
) -> None:
    viewer = await ann(desk, connection)
    with statements(connection.sync_connection) as sent:
        await approval_inbox(connection, viewer, ASKED, 2, (desk.now, "REQ0000001-G9"), order)
    [(statement, values)] = sent
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    # So few rows are read and sorted faster without an index.
    for other in ("seqscan", "bitmapscan", "sort"):
        await driver.execute(f"SET LOCAL enable_{other} = off")
    plan = "\n".join(row[0] for row in await driver.fetch(f"EXPLAIN {statement}", *values))
    [asked] = [part for part in plan.split("->") if index in part]
    condition = next(line for line in asked.splitlines() if "Index Cond" in line)
    assert "ROW(" in condition, plan
    assert "length(gate)" in condition, plan
