"""What lists and dashboards read: of a line once it has ended, and until when what is open waits."""

from datetime import datetime, timedelta

import pytest

from steadydesk.contracts.request_commands import TaskAction
from steadydesk.records.tables.approval import approver, gate
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


async def test_while_a_gate_waits_for_an_answer_every_list_says_until_when(desk: Desk) -> None:
    number = await desk.order("board-any")
    name = f"{number}-G1"
    before = await decide_by(desk, number, name)
    desk.now = NOW + HOUR
    await desk.decide(name, "ask", "ann")
    question = (await desk.document(number)).gates[name].question
    assert question is not None
    assert await decide_by(desk, number, name) == question.until
    desk.now = NOW + 4 * HOUR
    await desk.comment(number, "That one.")
    assert before < await decide_by(desk, number, name) != question.until


async def decide_by(desk: Desk, number: str, name: str) -> datetime:
    """Until when the gate, those who are asked there and the wait of the request say; all the same."""
    [of_gate] = await desk.rows(gate, gate.c.id == name)
    asked = await desk.rows(approver, approver.c.gate == name)
    [request] = await desk.rows(record, record.c.number == number)
    [waiting] = [each for each in request.waiting if each["subject"] == name]
    until = datetime.fromisoformat(waiting["until"])
    assert {of_gate.due_at, *(row.due_at for row in asked)} == {until}
    return until


async def test_the_due_date_of_a_task_rests_while_it_waits_for_an_answer(desk: Desk) -> None:
    number = await desk.order("alone")
    task = (await desk.task(number, "one")).number

    async def due() -> datetime:
        [row] = await desk.rows(record, record.c.number == task)
        return row.due_at

    before = await due()
    desk.now = NOW + HOUR
    await desk.act(number, task, TaskAction.ASK)
    asked = (await desk.task(number, "one")).question
    assert asked is not None
    assert await due() == asked.until != before
    desk.now = NOW + 4 * HOUR
    await desk.comment(number, "That one.")
    assert await due() == (await desk.task(number, "one")).due_at == before + 3 * HOUR
