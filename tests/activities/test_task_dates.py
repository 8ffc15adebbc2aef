"""No task waits without a date: reminders, the group's manager, and what ends a decision that nobody takes."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from steadydesk.contracts.agenda import Answer, Waiting, WaitingKind
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import StepState, TaskRun, TaskState
from steadydesk.contracts.request_commands import OutcomeKind, TaskAction
from steadydesk.policies.waiting import explain
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.journal import audit
from steadydesk.records.tables.process import sight
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.request_catalogue import catalogue
from tests.support.request_desk import Desk, refused, request_desk
from tests.support.requests import NOW, automated, manual, resolved

HOUR = timedelta(hours=1)
ITEMS = catalogue(
    {
        "undecided": {
            "plan": {
                "steps": {
                    "first": automated(),
                    "then": automated(needs=["first"], on_failure="ask", decide_within="PT8H"),
                }
            }
        },
        "undated": {"plan": {"steps": {"one": manual()}}, "promise": "PT20H"},
        "undone-by-hand": {"plan": {"steps": {"one": manual(), "two": manual(needs=["one"])}}},
    }
)


@pytest.fixture(scope="module")
async def module_desk(postgres: EmbeddedPostgres) -> AsyncIterator[Desk]:
    async with request_desk(postgres, "activities_task_dates", ITEMS) as desk:
        yield desk


async def until(desk: Desk, number: str, hours: float) -> Answer:
    """Let every alarm ring up to then."""
    answer = await desk.agenda(number)
    while answer.agenda.alarm is not None and answer.agenda.alarm.at <= NOW + hours * HOUR:
        answer = await desk.ring_next(answer, number)
    desk.now = NOW + hours * HOUR
    return answer


async def undecided(desk: Desk) -> tuple[str, str]:
    """An order whose second step failed, and its line."""
    number = await desk.order("undecided")
    line = (await desk.line(number)).number
    await desk.report(number, f"{line}:first:1", OutcomeKind.DONE)
    await desk.report(number, f"{line}:then:1", OutcomeKind.REFUSED, "Refused")
    return number, line


async def why(desk: Desk, number: str) -> Waiting:
    document = await desk.document(number)
    [waiting] = explain(document, ITEMS, resolved(ITEMS).calendars, desk.now)
    return waiting


async def reminded(desk: Desk, number: str) -> list[list[str]]:
    rows = await desk.rows(outbox, outbox.c.number == number, outbox.c.event == "task.reminder")
    names = {f"p:{identity}": name for name, identity in desk.ids.items()}
    rows.sort(key=lambda row: row.seq)
    return [sorted(str(names.get(each, each)) for each in row.audience) for row in rows]


async def decision(desk: Desk, number: str) -> TaskRun:
    task = (await desk.line(number)).steps["then"].task
    assert task is not None
    return task


async def test_a_decision_that_nobody_takes_fails_the_step_and_undoes_the_rest(desk: Desk) -> None:
    number, line = await undecided(desk)
    asked = await why(desk, number)
    assert (asked.kind, asked.until) == (WaitingKind.DECISION, NOW + 8 * HOUR)
    assert asked.then.startswith("who answers for the group is told; as long again, then the step has failed")
    await until(desk, number, 4)
    assert await reminded(desk, number) == [["g:desk"]]
    await until(desk, number, 8)
    assert await reminded(desk, number) == [["g:desk"], ["g:desk", "ines"]]
    overdue = await why(desk, number)
    assert (overdue.until, overdue.then) == (
        NOW + 16 * HOUR,
        "the step has failed, and what was done is taken back",
    )
    manager = sight.c.subject == f"p:{desk.ids['ines']}"
    assert await desk.rows(sight, sight.c.number == number, manager)
    await until(desk, number, 16)
    found = await desk.line(number)
    assert (found.steps["then"].state, found.phase) == (StepState.FAILED, Phase.UNDOING)
    assert (await decision(desk, number)).state is TaskState.CLOSED_INCOMPLETE
    [row] = await desk.rows(audit, audit.c.number == number, audit.c.event == "step.decided")
    assert row.facts == {"action": "fail", "reason": "nobody decided"}
    await desk.report(number, f"{line}:first:1:undo:1", OutcomeKind.DONE)
    assert (await desk.line(number)).phase is Phase.INCOMPLETE


async def test_a_decision_in_time_rings_no_more(desk: Desk) -> None:
    number, line = await undecided(desk)
    await until(desk, number, 9)
    await desk.act(number, (await decision(desk, number)).number, TaskAction.RETRY)
    await until(desk, number, 29)
    assert (await desk.line(number)).steps["then"].state is StepState.RUNNING
    await desk.report(number, f"{line}:then:2", OutcomeKind.DONE)
    assert (await desk.line(number)).phase is Phase.COMPLETE


async def test_the_dates_of_a_task_rest_while_the_requester_is_asked(desk: Desk) -> None:
    number, _ = await undecided(desk)
    desk.now = NOW + 2 * HOUR
    asked = await desk.words("Which one was it?", "ingo")
    await desk.act(number, (await decision(desk, number)).number, TaskAction.ASK, text=asked)
    desk.now = NOW + 12 * HOUR
    await desk.comment(number)
    task = await decision(desk, number)
    assert (task.remind_at, task.due_at) == (NOW + 14 * HOUR, NOW + 18 * HOUR)


async def test_a_task_without_a_due_date_is_due_with_the_promise_of_its_line(desk: Desk) -> None:
    number = await desk.order("undated")
    assert (await desk.task(number, "one")).due_at == (await desk.line(number)).expected_at == NOW + 20 * HOUR
    waiting = await why(desk, number)
    assert (waiting.kind, waiting.until) == (WaitingKind.TASK, NOW + 20 * HOUR)
    await until(desk, number, 20)
    assert await reminded(desk, number) == [["g:desk", "ines"]]
    assert (await why(desk, number)).until == NOW + 40 * HOUR
    await until(desk, number, 40)
    assert await reminded(desk, number) == [["g:desk", "ines"], ["f:it", "g:desk"]]
    left = await why(desk, number)
    assert (left.until, left.then) == (None, "it stays overdue until somebody ends it")
    assert (await desk.task(number, "one")).is_open


async def test_a_task_of_a_line_that_is_late_already_has_the_promise_once_more(desk: Desk) -> None:
    number = await desk.order("undone-by-hand")
    await until(desk, number, 100)
    await desk.act(number, (await desk.task(number, "one")).number, TaskAction.COMPLETE)
    late = await desk.task(number, "two")
    assert late.due_at is not None
    assert late.due_at > desk.now
    await desk.cancel(number)
    undo = await desk.task(number, "one")
    assert undo.due_at == desk.now + 40 * HOUR


async def test_what_is_taken_back_early_is_due_from_then_on(desk: Desk) -> None:
    number = await desk.order("undone-by-hand")
    await until(desk, number, 10)
    await desk.act(number, (await desk.task(number, "one")).number, TaskAction.COMPLETE)
    assert (await desk.task(number, "two")).due_at == NOW + 40 * HOUR
    await desk.cancel(number)
    assert (await desk.task(number, "one")).due_at == NOW + 50 * HOUR


@pytest.mark.parametrize("days", [1, 30])
async def test_the_first_reminder_comes_on_the_day_that_was_asked_for(desk: Desk, days: int) -> None:
    number = await desk.order("undone-by-hand")
    task = (await desk.task(number, "one")).number
    day = (desk.now + timedelta(days=days)).date()
    await desk.act(number, task, TaskAction.ASK, text=await desk.words("Which one?"), follow_up_on=day)
    question = (await desk.task(number, "one")).question
    assert question is not None
    assert day <= question.until.date() <= day + timedelta(days=4)


@pytest.mark.parametrize("days", [-1, 0, 61, date.min, date.max])
async def test_a_reminder_is_not_for_a_day_that_has_begun_or_is_far_away(
    desk: Desk, days: int | date
) -> None:
    number = await desk.order("undone-by-hand")
    task = (await desk.task(number, "one")).number
    before = await desk.everything()
    day = days if isinstance(days, date) else (desk.now + timedelta(days=days)).date()
    assert await refused(desk.act(number, task, TaskAction.ASK, follow_up_on=day)) == "InvalidInput"
    assert await desk.everything() == before
