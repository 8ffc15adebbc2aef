"""Nothing stays open that nobody owes: tasks that their step replaced, gates that a step went on without."""

from collections import Counter

import pytest

from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import StepState
from steadydesk.contracts.request_commands import OutcomeKind, TaskAction
from steadydesk.records.tables.approval import approver, gate
from steadydesk.records.tables.process import record
from tests.support.request_desk import Desk

A = TaskAction


async def tasks(desk: Desk, number: str) -> Counter[str]:
    """How many rows of tasks have each state; an open one counts as 'open' whatever it is called."""
    rows = await desk.rows(record, record.c.owner == number, record.c.kind == "SCTASK")
    assert all((row.closed_at is None) == row.open and (row.open or row.waiting == []) for row in rows)
    return Counter("open" if row.open else row.state for row in rows)


async def failed(desk: Desk, number: str, attempt: int = 1) -> str:
    """Its automated step fails; the task to decide on it."""
    line = await desk.line(number)
    await desk.report(number, f"{line.number}:one:{attempt}", OutcomeKind.REFUSED, "Refused")
    return (await desk.task(number, "one")).number


async def test_each_retry_ends_the_task_that_decided_on_it(desk: Desk) -> None:
    number = await desk.order("asking")
    for attempt in (1, 2, 3):
        task = await failed(desk, number, attempt)
        assert await tasks(desk, number) == {"open": 1} | (
            {"closed_complete": attempt - 1} if attempt > 1 else {}
        )
        await desk.act(number, task, A.RETRY)
    assert await tasks(desk, number) == {"closed_complete": 3}


async def test_a_retry_by_hand_leaves_only_the_new_task_open(desk: Desk) -> None:
    number = await desk.order("asking-by-hand")
    await desk.act(number, (await desk.task(number, "one")).number, A.FAIL)
    assert await tasks(desk, number) == {"closed_incomplete": 1, "open": 1}
    await desk.act(number, (await desk.task(number, "one")).number, A.RETRY)
    assert await tasks(desk, number) == {"closed_incomplete": 1, "closed_complete": 1, "open": 1}


async def test_a_question_that_nobody_answers_ends_the_task(desk: Desk) -> None:
    number = await desk.order("asking-by-hand")
    answer = await desk.act(number, (await desk.task(number, "one")).number, A.ASK)
    for _ in range(3):
        answer = await desk.ring_next(answer, number)
    assert (await desk.line(number)).steps["one"].state is StepState.DECIDING
    assert await tasks(desk, number) == {"closed_incomplete": 1, "open": 1}


@pytest.mark.parametrize("ends", ["cancel", "give_back"])
async def test_what_is_taken_back_leaves_no_task(desk: Desk, ends: str) -> None:
    number = await desk.order("asking-by-hand")
    await desk.act(number, (await desk.task(number, "one")).number, A.FAIL)
    await (desk.cancel(number) if ends == "cancel" else desk.give_back(number))
    assert await tasks(desk, number) == {"closed_incomplete": 1, "cancelled": 1}


async def test_a_resubmission_begins_with_new_tasks_alone(desk: Desk) -> None:
    number = await desk.order("asking-by-hand")
    await desk.give_back(number)
    await desk.resubmit(await desk.line(number), number, {"why": "other"})
    assert (await desk.line(number)).phase is Phase.FULFILMENT
    assert await tasks(desk, number) == {"cancelled": 1, "open": 1}


async def test_an_approval_step_that_goes_on_asks_nobody_any_more(desk: Desk) -> None:
    """The other stage of the same step was open beside the one that refused."""
    number = await desk.order("checked-by-both")
    first, second = f"{number}-G1", f"{number}-G2"
    answer = await desk.decide(first, "rejected", "ann")
    assert (await desk.line(number)).steps["check"].state is StepState.SKIPPED
    [row] = await desk.rows(gate, gate.c.id == second)
    assert (row.state, row.reason) == ("cancelled", "nothing waits for it")
    asked = await desk.rows(approver, approver.c.gate == second)
    assert {one.state for one in asked} == {"cancelled"}
    assert "approval.cancelled" in await desk.events(number)
    assert second not in (answer.agenda.alarm.summary if answer.agenda.alarm else "")


async def test_the_doctor_names_a_lost_task_and_the_process_ends_it(desk: Desk) -> None:
    """As a database has it in which a retry left the old task open; what ended it is in the audit."""
    number = await desk.order("asking")
    task = await failed(desk, number)
    await desk.act(number, task, A.RETRY)
    again = await failed(desk, number, 2)
    async with desk.owner.begin() as connection:
        lost = record.update().where(record.c.number == task)
        await connection.execute(lost.values(state="open", open=True, closed_at=None))
    assert await desk.symptoms() == [f"{number}: {task} is not in the document"]
    await desk.tell(number, "look")
    assert await tasks(desk, number) == {"closed_complete": 1, "open": 1}
    [row] = await desk.rows(record, record.c.number == again)
    assert row.open


async def test_a_lost_task_of_which_the_audit_says_nothing_is_cancelled(desk: Desk) -> None:
    number = await desk.order("asking-by-hand")
    await desk.cancel(number)
    [row] = await desk.rows(record, record.c.owner == number, record.c.kind == "SCTASK")
    other = {**row._asdict(), "number": "SCTASK9999999", "state": "open", "open": True, "closed_at": None}
    async with desk.owner.begin() as connection:
        await connection.execute(record.insert().values(other))
    assert await desk.symptoms() == [f"{number}: SCTASK9999999 is not in the document"]
    await desk.tell(number, "look")
    assert await tasks(desk, number) == {"cancelled": 2}
