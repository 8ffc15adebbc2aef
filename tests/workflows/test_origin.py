"""Who may ask the worker for an activity: the process of the record alone, with a command that its actor has signed."""

import typing
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio import workflow
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.origin import COMMANDS, SIGNALLED, STEPS, check_origin
from steadydesk.contracts.queues import PROCESSES
from steadydesk.contracts.request_commands import Decide, Tick, Write
from steadydesk.policies import forged as forgeries
from steadydesk.policies.assertion import unsigned
from steadydesk.records.tables.approval import vote
from tests.support.request_desk import Desk, forged
from tests.support.request_worker import Works, name_of

Vote = Write[Decide]


@workflow.defn
class Intruder:
    """Of somebody who reaches Temporal: asks our worker for one of its activities."""

    @workflow.run
    async def run(self, activity: str, write: Vote) -> None:
        await workflow.execute_activity(
            activity, write, task_queue=PROCESSES, start_to_close_timeout=timedelta(seconds=10)
        )


async def test_an_intruders_workflow_casts_no_vote(works: Works) -> None:
    """Neither under a name of its own nor, once the process was terminated, under that of the record."""
    number = await works.order("board-any")
    write = works.desk.vote(f"{number}-G1", "approved", "ann")
    await works.handle(number).terminate("by hand")
    unsigned_one = write.model_copy(
        update={"command": write.command.model_copy(update={"assertion": unsigned()})}
    )
    named_after_her = write.model_copy(update={"command": forged(write.command)})
    queue = f"intruder-{uuid.uuid4().hex}"
    forgeries.take()
    async with Worker(
        works.client, task_queue=queue, workflows=[Intruder], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        for name in (queue, number):
            for tried in (unsigned_one, named_after_her, write.model_copy(update={"step": "another"})):
                with pytest.raises(WorkflowFailureError) as failed:
                    await works.client.execute_workflow(
                        Intruder.run, args=["record_decision", tried], id=name, task_queue=queue
                    )
                assert isinstance(failed.value.cause, ActivityError)
                assert isinstance(failed.value.cause.cause, ApplicationError)
                assert failed.value.cause.cause.type == "ForgedCommand"
    assert [(each.number, each.command) for each in forgeries.take()] == [(number, "record_decision")] * 6
    assert await works.desk.rows(vote, vote.c.gate == f"{number}-G1") == []


@pytest.mark.parametrize(
    ("workflow_id", "activity", "message"),
    [
        (None, "ring_alarms", "tick"),
        ("REQ0000002", "ring_alarms", "tick"),
        (None, "seal_anchor", None),
        ("REQ0000001", "record_recall", "tick"),
    ],
    ids=["by itself", "for another record", "without a record", "another shape"],
)
def test_what_no_process_asks_for_is_refused(
    desk: Desk, workflow_id: str | None, activity: str, message: str | None
) -> None:
    said = Tick(number="REQ0000001", step="a", at=desk.now, run="") if message else None
    info = replace(ActivityEnvironment.default_info(), activity_type=activity)
    forgeries.take()
    with pytest.raises(ApplicationError) as refused:
        check_origin(replace(info, workflow_id=workflow_id), said)
    assert (refused.value.type, refused.value.non_retryable) == ("ForgedCommand", True)
    assert [each.command for each in forgeries.take()] == [activity]


_STEPS = [
    ("open_grant", "open", None),
    ("record_outcome", "outcome:RITM0000001:one:1", "RITM0000001:one:1"),
    ("record_revocation_outcome", "outcome:GRA0000001:revoke:1", "GRA0000001:revoke:1"),
    ("ring_alarms", "alarm:2027-03-01T00:00:00+00:00:7", None),
    ("ring_grant", "alarm:2027-03-01T00:00:00+00:00:7", None),
    ("take_up_grant", "take-up:run", None),
    ("take_up_request", "take-up:run", None),
]


@pytest.mark.parametrize(("activity", "step", "errand"), _STEPS, ids=[each[0] for each in _STEPS])
@pytest.mark.parametrize("other", ["u:ended:REQ0000002", "outcome:RITM0000001:two:1"])
def test_what_a_process_does_by_itself_uses_up_no_step_of_another(
    desk: Desk, activity: str, step: str, errand: str | None, other: str
) -> None:
    """Else the command or outcome that has the step would be taken for its repeat, and never be carried out."""
    own = Tick(number="REQ0000001", step=step, at=desk.now, run="", errand=errand)
    info = replace(ActivityEnvironment.default_info(), activity_type=activity, workflow_id="REQ0000001")
    check_origin(info, own)
    forgeries.take()
    with pytest.raises(ApplicationError) as refused:
        check_origin(info, own.model_copy(update={"step": other}))
    assert refused.value.type == "ForgedCommand"
    assert [each.command for each in forgeries.take()] == [activity]


def test_every_tick_has_steps_of_its_own(works: Works) -> None:
    ticks = {name_of(one) for one in works.staff.records() if Tick in typing.get_type_hints(one).values()}
    assert {*STEPS} == (ticks - {"note_cancellation_without_proof"}) | {SIGNALLED}


def test_every_write_of_a_command_is_verified(works: Works) -> None:
    writes = {
        name_of(one)
        for one in works.staff.records()
        if any("Write" in str(kind) for kind in typing.get_type_hints(one).values())
    }
    assert writes == {*COMMANDS, SIGNALLED}
