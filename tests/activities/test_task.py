"""What fulfillers do with their tasks: assign, start, ask, end; decide on what failed; take back; refusals."""

import asyncio
from datetime import timedelta

import pytest

from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import RequestState, StepState, TaskPurpose, TaskState, UndoState
from steadydesk.contracts.request_commands import OutcomeKind, TaskAction
from steadydesk.records.directory_departure import deactivate
from steadydesk.records.directory_events import installation
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.journal import audit
from steadydesk.records.tables.process import record
from steadydesk.records.tables.task import task as task_table
from tests.support.locks import until_it_waits
from tests.support.request_desk import Desk, refused
from tests.support.requests import NOW

A = TaskAction


async def opened(desk: Desk, item: str = "by-hand", **more: object) -> tuple[str, str]:
    """A new order and the number of its first task."""
    number = await desk.order(item, **more)  # pyright: ignore[reportArgumentType]
    return number, (await desk.task(number, "one")).number


async def undecided(desk: Desk, item: str = "asking", problem: str = "OutcomeUnknown") -> tuple[str, str]:
    """An order whose automated step failed, and the task to decide on it."""
    number = await desk.order(item, variables={"until": "2026-06-01"})
    line = await desk.line(number)
    await desk.report(number, f"{line.number}:one:1", OutcomeKind.UNKNOWN, problem)
    return number, (await desk.task(number, "one")).number


async def test_the_steps_of_a_plan_by_hand(desk: Desk) -> None:
    number, task = await opened(desk)
    await desk.act(number, task, A.ASSIGN, assignee=desk.ids["ida"])
    await desk.act(number, task, A.START, by="ida")
    run = await desk.task(number, "one")
    assert (run.assigned_to, run.state) == (desk.ids["ida"], TaskState.WORK_IN_PROGRESS)
    await desk.act(number, task, A.COMPLETE, by="ida", outputs=await desk.words({"serial": "A-1"}))
    line = await desk.line(number)
    assert line.steps["one"].outputs is not None
    await desk.act(number, (await desk.task(number, "two")).number, A.COMPLETE)
    document = await desk.document(number)
    assert document.state is RequestState.CLOSED_COMPLETE
    rows = await desk.rows(record, record.c.owner == number, record.c.kind == "SCTASK")
    assert {(row.state, row.open) for row in rows} == {("closed_complete", False)}
    assert "task.assigned" in await desk.events(number)


@pytest.mark.parametrize(
    ("by", "refusal"), [("rita", "NotAllowed"), ("ann", "NotAllowed"), ("p_x", "NotAllowed")]
)
async def test_only_the_group_works_on_its_tasks(desk: Desk, by: str, refusal: str) -> None:
    number, task = await opened(desk)
    before = await desk.everything()
    assert await refused(desk.act(number, task, A.START, by=by)) == refusal
    assert await desk.everything() == before


async def test_the_process_owner_works_on_every_task_of_the_function(desk: Desk) -> None:
    number, task = await opened(desk, "alone")
    await desk.act(number, task, A.COMPLETE, by="ines")
    assert (await desk.document(number)).state is RequestState.CLOSED_COMPLETE


@pytest.mark.parametrize("action", [A.COMPLETE, A.FAIL, A.SKIP])
async def test_what_nobody_took_is_theirs_who_ends_it(desk: Desk, action: TaskAction) -> None:
    number, task = await opened(desk)
    await desk.act(number, task, action, by="ida")
    [row] = await desk.rows(record, record.c.number == task)
    assert (row.assigned_to, row.open) == (desk.ids["ida"], False)
    [given] = await desk.rows(audit, audit.c.number == number, audit.c.event == "task.assigned")
    assert (given.subject, given.actor, given.facts) == (task, desk.ids["ida"], {"person": desk.ids["ida"]})


async def test_what_somebody_has_stays_theirs_when_another_ends_it(desk: Desk) -> None:
    number, task = await opened(desk)
    await desk.act(number, task, A.ASSIGN, assignee=desk.ids["ida"])
    await desk.act(number, task, A.COMPLETE, by="ines")
    [row] = await desk.rows(record, record.c.number == task)
    assert row.assigned_to == desk.ids["ida"]


async def test_a_task_goes_to_nobody_who_is_just_leaving(desk: Desk) -> None:
    """Their departure has found no task of theirs, so that this one would never come back to its queue."""
    number = await desk.order("by-hand")
    task = (await desk.task(number, "one")).number
    async with desk.engine.begin() as connection:
        await deactivate(connection, desk.ids["ida"], installation(desk.now))
        giving = asyncio.create_task(refused(desk.act(number, task, A.ASSIGN, assignee=desk.ids["ida"])))
        await until_it_waits(desk.owner, giving)
    assert await giving == "InvalidInput"
    assert (await desk.task(number, "one")).assigned_to is None


@pytest.mark.parametrize("assignee", ["rita", "ann", "p_nobodyxxxxxx"])
async def test_a_task_goes_only_to_members_of_its_group(desk: Desk, assignee: str) -> None:
    number, task = await opened(desk)
    write = desk.act(number, task, A.ASSIGN, assignee=desk.ids.get(assignee, assignee))
    assert await refused(write) == "InvalidInput"


@pytest.mark.parametrize("action", [A.RETRY, A.ABORT])
async def test_only_what_failed_is_retried_or_aborted(desk: Desk, action: TaskAction) -> None:
    number, task = await opened(desk)
    assert await refused(desk.act(number, task, action)) == "InvalidTransition"
    assert (await desk.task(number, "one")).is_open


async def test_a_closed_task_stays_closed(desk: Desk) -> None:
    number, task = await opened(desk)
    await desk.act(number, task, A.COMPLETE)
    assert await refused(desk.act(number, task, A.COMPLETE)) == "RecordClosed"
    assert await refused(desk.act(number, "SCTASK0999999", A.COMPLETE)) == "UnknownRecord"


@pytest.mark.parametrize(
    ("action", "state", "phase"),
    [
        (A.SKIP, TaskState.CLOSED_SKIPPED, Phase.SKIPPED),
        (A.FAIL, TaskState.CLOSED_INCOMPLETE, Phase.INCOMPLETE),
    ],
)
async def test_a_task_may_be_skipped_or_fail(
    desk: Desk, action: TaskAction, state: TaskState, phase: Phase
) -> None:
    number, task = await opened(desk, "alone")
    await desk.act(number, task, action)
    assert (await desk.task(number, "one")).state is state
    assert (await desk.line(number)).phase is phase


# questions


async def test_a_question_makes_task_and_line_pending_until_it_is_answered(desk: Desk) -> None:
    number, task = await opened(desk)
    await desk.act(number, task, A.ASSIGN)
    await desk.act(number, task, A.ASK, text=await desk.words("Which one?"))
    line = await desk.line(number)
    assert (line.phase, line.clock.stage.value) == (Phase.PENDING, "paused")
    assert (await desk.task(number, "one")).state is TaskState.PENDING
    assert await refused(desk.act(number, task, A.COMPLETE)) == "InvalidTransition"
    assert await refused(desk.act(number, task, A.ASK)) == "InvalidTransition"
    desk.now += timedelta(hours=5)
    await desk.comment(number)
    line = await desk.line(number)
    assert (line.phase, line.clock.stage.value) == (Phase.FULFILMENT, "in_progress")
    assert (await desk.task(number, "one")).state is TaskState.WORK_IN_PROGRESS


async def test_a_fulfiller_may_go_on_without_the_answer(desk: Desk) -> None:
    number, task = await opened(desk, "alone")
    await desk.act(number, task, A.ASK)
    await desk.act(number, task, A.START)
    line = await desk.line(number)
    assert (line.phase, line.clock.stage.value) == (Phase.FULFILMENT, "in_progress")
    assert "task.answered" not in await desk.events(number)
    await desk.act(number, task, A.COMPLETE)
    assert (await desk.line(number)).phase is Phase.COMPLETE


async def test_two_reminders_and_then_the_task_is_closed_incomplete(desk: Desk) -> None:
    """Two business days apart: asked on Monday, reminded on Wednesday and Friday, closed on Tuesday."""
    number, task = await opened(desk, "alone")
    answer = await desk.act(number, task, A.ASK)
    days: list[int] = []
    for _ in range(3):
        answer = await desk.ring_next(answer, number)
        days.append(desk.now.day)
    assert days == [4, 6, 10]
    document = await desk.document(number)
    assert document.lines[0].steps["one"].problem == "NoAnswer"
    assert document.lines[0].phase is Phase.INCOMPLETE
    assert (await desk.events(number)).count("task.reminder") == 2


async def test_an_answer_in_time_ends_the_reminders(desk: Desk) -> None:
    number, task = await opened(desk, "alone")
    await desk.ring_next(await desk.act(number, task, A.ASK), number)
    await desk.comment(number)
    assert (await desk.task(number, "one")).question is None
    answer = await desk.act(number, task, A.ASK)
    assert (await desk.task(number, "one")).question is not None
    assert answer.agenda.alarm is not None


async def test_an_undo_or_a_decision_is_not_lost_when_nobody_answers(desk: Desk) -> None:
    number, task = await undecided(desk)
    answer = await desk.act(number, task, A.ASK)
    for _ in range(3):
        answer = await desk.ring_next(answer, number)
    run = await desk.task(number, "one")
    assert run.is_open
    assert run.question is None
    told = await desk.events(number)
    assert ("task.answered" in told, told.count("task.reminder")) == (False, 3), "the last one to the group"
    assert answer.agenda.facets.waiting_for == "decision"
    await desk.act(number, task, A.ABORT)
    line = await desk.line(number)
    await desk.report(number, f"{line.number}:one:1:undo:1", OutcomeKind.REFUSED, "Refused")
    undo = (await desk.task(number, "one")).number
    answer = await desk.act(number, undo, A.ASK)
    await desk.comment(number)
    assert (await desk.task(number, "one")).question is None
    answer = await desk.act(number, undo, A.ASK)
    for _ in range(3):
        answer = await desk.ring_next(answer, number)
    assert (await desk.task(number, "one")).is_open
    await desk.act(number, undo, A.COMPLETE)
    assert (await desk.line(number)).phase is Phase.INCOMPLETE


# decisions on failed steps


async def test_a_retry_is_a_new_effect(desk: Desk) -> None:
    number, task = await undecided(desk)
    answer = await desk.act(number, task, A.RETRY)
    line = await desk.line(number)
    assert [errand.key for errand in answer.agenda.errands] == [f"{line.number}:one:2"]
    await desk.report(number, f"{line.number}:one:1", OutcomeKind.DONE)
    assert (await desk.line(number)).steps["one"].state is StepState.RUNNING
    await desk.report(number, f"{line.number}:one:2", OutcomeKind.DONE)
    assert (await desk.line(number)).phase is Phase.COMPLETE


async def test_a_failure_may_be_skipped(desk: Desk) -> None:
    number, task = await undecided(desk)
    await desk.act(number, task, A.SKIP)
    assert (await desk.line(number)).phase is Phase.SKIPPED


async def test_an_aborted_step_in_doubt_is_taken_back(desk: Desk) -> None:
    number, task = await undecided(desk)
    answer = await desk.act(number, task, A.ABORT)
    line = await desk.line(number)
    assert [errand.key for errand in answer.agenda.errands] == [f"{line.number}:one:1:undo:1"]
    await desk.report(number, f"{line.number}:one:1:undo:1", OutcomeKind.DONE)
    assert (await desk.line(number)).phase is Phase.INCOMPLETE


async def test_what_was_done_by_hand_counts_as_done_with_all_that_follows(desk: Desk) -> None:
    number, task = await undecided(desk, "granting")
    await desk.act(number, task, A.COMPLETE, outputs=await desk.words({"id": "by hand"}))
    line = await desk.line(number)
    run = line.steps["one"]
    assert (line.phase, run.state) == (Phase.COMPLETE, StepState.DONE)
    assert run.outputs is not None
    [granted] = await desk.rows(grant_register, grant_register.c.number == run.grant)
    assert (granted.state, granted.holder) == ("active", desk.ids["rita"])
    assert granted.expires_at.isoformat() == "2026-06-02T00:00:00+00:00"


async def test_the_task_of_a_decision_says_so(desk: Desk) -> None:
    number, task = await undecided(desk)
    [row] = await desk.rows(task_table, task_table.c.number == task)
    assert (row.purpose, row.attempt) == ("decide", 1)
    assert "retry, skip or abort, or complete it: it was done by hand" in row.instruction["en"]
    assert "Es wurde von Hand getan" in row.instruction["de"]
    assert await refused(desk.act(number, task, A.COMPLETE, by="rita")) == "NotAllowed"


# undo by hand


@pytest.mark.parametrize(
    ("action", "undo"), [(A.COMPLETE, UndoState.DONE), (A.FAIL, UndoState.LEFT), (A.SKIP, UndoState.LEFT)]
)
async def test_what_is_undone_by_hand_or_declared_to_stay(
    desk: Desk, action: TaskAction, undo: UndoState
) -> None:
    number, task = await opened(desk)
    await desk.act(number, task, A.COMPLETE)
    await desk.cancel(number)
    taken_back = await desk.task(number, "one")
    assert taken_back.purpose is TaskPurpose.UNDO
    [row] = await desk.rows(task_table, task_table.c.number == taken_back.number)
    assert row.instruction == "Take it back."
    assert await refused(desk.act(number, taken_back.number, A.RETRY)) == "InvalidTransition"
    await desk.act(number, taken_back.number, action)
    line = await desk.line(number)
    assert line.steps["one"].undo is undo
    assert (line.phase, line.closed_at) == (Phase.CANCELLED, NOW)
