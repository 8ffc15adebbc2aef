"""What lists and dashboards read of a line once it has ended."""

from datetime import timedelta

import pytest

from steadydesk.contracts.request_commands import TaskAction
from steadydesk.records.tables.process import record
from tests.support.request_desk import Desk
from tests.support.requests import NOW

HOUR = timedelta(hours=1)


async def measured(desk: Desk, number: str) -> tuple[float | None, float | None]:
    """Hours promised and taken, as the line's row has them; no other row has any."""
    rows = await desk.rows(record, record.c.owner == number)
    assert all(
        row.promised_seconds is None and row.taken_seconds is None for row in rows if row.kind != "RITM"
    )
    [line] = [row for row in rows if row.kind == "RITM"]
    promised, taken = line.promised_seconds, line.taken_seconds
    return promised and promised / 3_600, taken and taken / 3_600


@pytest.mark.parametrize(
    ("after", "taken"),
    [(2 * HOUR, 2), (25 * HOUR, 9), (7 * 24 * HOUR, 40), (2.5 * HOUR, 2.5)],
    ids=["the same day", "the next day", "a week later", "half an hour more"],
)
async def test_a_delivered_line_keeps_what_was_promised_and_what_it_took(
    desk: Desk, after: timedelta, taken: float
) -> None:
    """From ten on a Monday, in an office that is open from eight to four on workdays."""
    number = await desk.order("alone")
    assert await measured(desk, number) == (None, None)
    desk.now = NOW + after
    await desk.act(number, (await desk.task(number, "one")).number, TaskAction.COMPLETE)
    assert await measured(desk, number) == (16, pytest.approx(taken))


async def test_waiting_for_the_requester_is_no_time_taken(desk: Desk) -> None:
    number = await desk.order("alone")
    task = (await desk.task(number, "one")).number
    desk.now = NOW + HOUR
    await desk.act(number, task, TaskAction.ASK)
    desk.now = NOW + 4 * HOUR
    await desk.comment(number, "That one.")
    desk.now = NOW + 5 * HOUR
    await desk.act(number, task, TaskAction.COMPLETE)
    assert await measured(desk, number) == (16, pytest.approx(2))


async def test_what_was_not_delivered_took_no_time(desk: Desk) -> None:
    number = await desk.order("alone")
    desk.now = NOW + HOUR
    await desk.cancel(number)
    assert await measured(desk, number) == (None, None)
