"""Requests on a real server with the real record writes: dates, proofs, roll-over, an absent database, cancels."""

import asyncio
from datetime import timedelta

import pytest
from temporalio import activity
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from activities.request import RequestActivities
from steadydesk.contracts.agenda import Answer
from steadydesk.contracts.gate import GateState
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.queues import PROCESSES
from steadydesk.contracts.request import RequestState
from steadydesk.contracts.request_commands import (
    ActOnTask,
    Cancel,
    Comment,
    StartRequest,
    TaskAction,
    Write,
)
from steadydesk.policies.assertion import unsigned
from steadydesk.policies.calendar import add_business_time
from steadydesk.records.tables.approval import vote
from steadydesk.records.tables.journal import audit
from steadydesk.records.tables.process import record
from tests.support.request_catalogue import catalogue
from tests.support.request_desk import Desk
from tests.support.request_worker import Works, comment, events, refusal, replayed, until, working
from tests.support.requests import resolved
from workflows.request import RequestWorkflow


async def test_an_order_with_one_approval_in_few_events(works: Works) -> None:
    number = await works.order("board-any")
    assert (await works.desk.line(number)).phase is Phase.APPROVAL
    said = await works.decide(f"{number}-G1", "approved", "ann")
    assert said["state"] == "approved"
    assert await works.result(number) == "closed_complete"
    history = await works.history(number)
    assert len(history.events) <= 20
    assert not events(history, "activity_task_scheduled")


async def test_what_operators_see(works: Works) -> None:
    number = await works.order("board-any")
    description = await works.handle(number).describe()
    attributes = {pair.key.name: pair.value for pair in description.typed_search_attributes}
    assert attributes["ItsmType"] == "request"
    assert attributes["ItsmState"] == "open"
    assert attributes["ItsmWaitingFor"] == "approval"
    assert attributes["ItsmGroup"] == "board"
    assert attributes["ItsmPriority"] == 3
    timers = events(await works.history(number), "timer_started")
    assert len(timers) == 1
    await works.decide(f"{number}-G1", "approved", "ann")
    await works.result(number)
    attributes = {
        pair.key.name: pair.value for pair in (await works.handle(number).describe()).typed_search_attributes
    }
    assert attributes["ItsmState"] == "closed_complete"
    assert "ItsmWaitingFor" not in attributes


# dates


async def test_reminders_and_expiry_come_on_business_time_and_nothing_spins(
    desk: Desk, temporal_env: WorkflowEnvironment
) -> None:
    async with working(desk, temporal_env.client) as works:
        number = await works.order("office")
        assert await works.result(number) == "closed_incomplete"
        history = await works.history(number)
    gate = await desk.gate(f"{number}-G1")
    assert gate.state is GateState.REJECTED
    office = resolved(catalogue()).calendars["office"]
    rows = await desk.rows(audit, audit.c.number == number)
    reminded = sorted(row.at for row in rows if row.event == "gate.reminded")
    for at, hours in zip(reminded, (8, 12), strict=True):
        due = add_business_time(office, gate.opened_at, timedelta(hours=hours))
        assert timedelta(0) <= at - due < timedelta(seconds=5)
    assert gate.closed_at is not None
    late = gate.closed_at - add_business_time(office, gate.opened_at, timedelta(hours=16))
    assert timedelta(0) <= late < timedelta(seconds=5)
    assert len(events(history, "timer_fired")) <= 6
    assert len(history.events) < 60


async def test_a_process_that_nobody_opens_fails_and_can_be_opened_later(
    desk: Desk, temporal_env: WorkflowEnvironment
) -> None:
    number = await desk.reserve("board-any")
    async with working(desk, temporal_env.client) as works:
        handle = await works.client.start_workflow(
            RequestWorkflow.run, StartRequest(number=number), id=number, task_queue=PROCESSES
        )
        with pytest.raises(WorkflowFailureError) as failed:
            await asyncio.wait_for(handle.result(), 30)
        assert isinstance(failed.value.cause, ApplicationError)
        assert failed.value.cause.type == "NeverOpened"
        assert await desk.rows(record, record.c.number == number) == []
        await works.open(number)
        assert len(await desk.rows(record, record.c.number == number)) == 1


# commands


async def test_what_was_not_reserved_is_refused(works: Works) -> None:
    assert await refusal(works.open("REQ0888888")) == "UnknownRecord"


async def test_a_refusal_is_typed_and_leaves_no_trace(works: Works) -> None:
    number = await works.order("board-any")
    before = await works.desk.document(number)
    assert await refusal(works.decide(f"{number}-G1", "approved", "rita")) == "SelfApproval"
    assert await refusal(works.decide(f"{number}-G1", "approved", "ralf")) == "NotEligible"
    stale = await comment(works.desk, if_match=before.version - 1)
    assert await refusal(works.send(number, stale, "rita")) == "StaleVersion"
    assert await works.desk.document(number) == before


async def test_updates_at_the_same_moment_are_one_after_the_other(works: Works) -> None:
    number = await works.order("board-all")
    voters = ("ann", "ben", "cem", "ann", "ben")
    sent = [works.decide(f"{number}-G1", "approved", name) for name in voters]
    answers = await asyncio.gather(*sent, return_exceptions=True)
    assert sum(isinstance(answer, dict) for answer in answers) == 3
    assert await works.result(number) == "closed_complete"
    assert len(await works.desk.rows(vote, vote.c.gate == f"{number}-G1")) == 3


# the database is away


class Away:
    """The comment's write fails as a lost connection does, more often than a local activity is tried."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.real: RequestActivities | None = None

    @activity.defn
    async def record_comment(self, write: Write[Comment]) -> Answer:
        if self.times:
            self.times -= 1
            raise ConnectionError("the database is away")
        assert self.real is not None
        return await self.real.record_comment(write)


async def test_a_write_goes_on_until_the_database_is_back(
    desk: Desk, temporal_env: WorkflowEnvironment
) -> None:
    away = Away(6)
    with temporal_env.with_time_skipping_disabled():
        async with working(desk, temporal_env.client, away.record_comment) as works:
            away.real = RequestActivities(works.staff.transitions)
            number = await works.order("board-any")
            said = await works.send(number, await comment(desk), "rita")
            assert said["version"] == 2
            history = await works.history(number)
            scheduled = [each.activity_type.name for each in events(history, "activity_task_scheduled")]
            assert scheduled == ["record_comment"]
            assert not events(history, "workflow_task_failed")
            await works.decide(f"{number}-G1", "approved", "ann")
            assert await works.result(number) == "closed_complete"


# effects


async def test_the_steps_of_a_plan_run_outside(works: Works) -> None:
    number = await works.order("automated")
    assert await works.result(number) == "closed_complete"
    assert works.errands.called == ["one:1", "two:1"]
    scheduled = events(await works.history(number), "activity_task_scheduled")
    assert {each.activity_type.name for each in scheduled} == {"perform_step"}


async def test_a_refused_step_takes_back_what_was_done(works: Works) -> None:
    works.errands.failing["two:1"] = "Refused"
    assert await works.result(await works.order("automated")) == "closed_incomplete"
    assert works.errands.called == ["one:1", "two:1", "one:1:undo:1"]


async def test_a_cancel_stops_the_step_in_flight_and_undoes_it(works: Works) -> None:
    works.errands.hold("two:1")
    number = await works.order("automated")
    await until(lambda: "two:1" in works.errands.called)
    await works.send(number, Cancel(assertion=unsigned()), "rita")
    assert await works.result(number) == "cancelled"
    assert works.errands.called == ["one:1", "two:1", "two:1:undo:1", "one:1:undo:1"]
    assert len(events(await works.history(number), "activity_task_canceled")) == 1
    await replayed(works, number)


async def test_a_step_that_ends_in_spite_of_the_cancel_is_undone(works: Works) -> None:
    finished = works.errands.hold("two:1", stubborn=True)
    works.errands.failing["one:1:undo:1"] = "Refused"
    number = await works.order("automated")
    await until(lambda: "two:1" in works.errands.called)
    await works.send(number, Cancel(assertion=unsigned()), "rita")
    await works.send(number, await comment(works.desk), "rita")
    assert (await works.desk.line(number)).phase is Phase.UNDOING
    assert works.errands.called == ["one:1", "two:1"]
    finished.set()
    await until(lambda: waits_for_undo(works, number))
    assert works.errands.called == ["one:1", "two:1", "two:1:undo:1", "one:1:undo:1"]
    task = await works.desk.task(number, "one")
    action = ActOnTask(assertion=unsigned(), task=task.number, action=TaskAction.COMPLETE)
    await works.send(number, action, "ingo")
    assert await works.result(number) == "cancelled"
    assert not events(await works.history(number), "activity_task_canceled")


async def waits_for_undo(works: Works, number: str) -> bool:
    return (await works.desk.line(number)).steps["one"].undo_task is not None


async def test_a_child_request_is_a_process_of_its_own_and_tells_its_end(works: Works) -> None:
    number = await works.order("bundle")
    await until(lambda: child_has_ended(works, number))
    document = await works.desk.document(number)
    child = document.lines[0].steps["child"].child
    assert child is not None
    assert await works.result(child) == "closed_complete"
    assert (await works.desk.document(child)).parent == number
    task = document.lines[0].steps["after"].task
    assert task is not None
    action = ActOnTask(assertion=unsigned(), task=task.number, action=TaskAction.COMPLETE)
    await works.send(number, action, "ingo")
    assert await works.result(number) == RequestState.CLOSED_COMPLETE


async def child_has_ended(works: Works, number: str) -> bool:
    return "after" in (await works.desk.line(number)).steps
