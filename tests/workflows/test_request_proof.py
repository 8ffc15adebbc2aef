"""Who commands a request: proofs, forged and moved commands, keys that rotate, runs that end and begin."""

import asyncio

import pytest
from temporalio.testing import WorkflowEnvironment

from steadydesk.contracts import agenda
from steadydesk.contracts.queues import PROCESSES
from steadydesk.contracts.request_commands import (
    StartRequest,
)
from steadydesk.orchestration.requests import Sender
from steadydesk.policies import assertion
from steadydesk.policies.assertion import Keyring, unsigned
from steadydesk.records.tables.identity import security_event
from steadydesk.records.tables.process import step_result
from tests.support.request_desk import Desk, forged
from tests.support.request_worker import Works, comment, refusal, replayed, until, working
from workflows.request import RequestWorkflow

# proof of who commands


async def test_a_command_without_proof_changes_nothing(works: Works) -> None:
    number, other = await works.order("board-any"), await works.order("board-any")
    write = works.desk.vote(f"{number}-G1", "approved", "ann")
    genuine, update_id = write.command, write.command.assertion.update_id
    tries = [
        (number, forged(genuine), update_id),
        (number, genuine.model_copy(update={"assertion": unsigned()}), update_id),
        (number, genuine, "another-id"),
        (number, genuine.model_copy(update={"decision": "rejected"}), update_id),
        (number, genuine.model_copy(update={"gate": f"{other}-G1"}), update_id),
        (other, genuine, update_id),
    ]
    for target, command, identity in tries:
        sent = works.handle(target).execute_update("decide", command, id=identity)
        assert await refusal(sent) == "ForgedCommand"
    assert (await works.desk.gate(f"{number}-G1")).is_open
    assert (await works.desk.gate(f"{other}-G1")).is_open
    assert len((await works.history(number)).events) < 15
    sent = works.handle(number).execute_update("decide", genuine, id=update_id, result_type=dict)
    assert (await sent)["state"] == "approved"


async def test_a_decision_by_signal(works: Works) -> None:
    number = await works.order("board-any")
    command = works.desk.vote(f"{number}-G1", "approved", "ann", by_signal=True).command
    await works.handle(number).signal("decide_later", forged(command))
    await until(lambda: events_of(works.desk, number, "forged-signal"))
    assert (await works.desk.gate(f"{number}-G1")).is_open
    await works.handle(number).signal("decide_later", command)
    assert await works.result(number) == "closed_complete"


async def test_a_refused_decision_in_a_history_never_counts(works: Works) -> None:
    """Whoever reads the history sends it again once its actor is a delegate: by signal, and to the next run."""
    number = await works.order("board-any")
    gate = f"{number}-G1"
    write = works.desk.vote(gate, "approved", "ralf")
    update_id = write.command.assertion.update_id
    sent = works.handle(number).execute_update("decide", write.command, id=update_id)
    assert await refusal(sent) == "NotEligible"
    await works.desk.delegate("ann", "ralf")
    await works.handle(number).signal("decide_later", write.command)
    await until(lambda: events_of(works.desk, number, "forged-signal"))
    await works.handle(number).terminate("by hand")
    handle = await works.client.start_workflow(
        RequestWorkflow.run, StartRequest(number=number, take_up=True), id=number, task_queue=PROCESSES
    )
    assert await refusal(handle.execute_update("decide", write.command, id=update_id)) == "NotEligible"
    assert (await works.desk.gate(gate)).is_open
    await works.decide(gate, "approved", "ralf")
    assert await asyncio.wait_for(handle.result(), 20) == "closed_complete"


async def events_of(desk: Desk, number: str, kind: str) -> int:
    rows = await desk.rows(security_event, security_event.c.number == number, security_event.c.kind == kind)
    return len(rows)


async def test_a_cancellation_by_the_temporal_ui_is_counted_and_changes_nothing(works: Works) -> None:
    number = await works.order("board-any")
    await works.handle(number).cancel()
    await until(lambda: events_of(works.desk, number, "forged-cancel"))
    await works.decide(f"{number}-G1", "approved", "ann")
    assert await works.result(number) == "closed_complete"


async def test_a_terminated_request_is_taken_up_where_its_record_stands(works: Works) -> None:
    number = await works.order("board-all")
    await works.decide(f"{number}-G1", "approved", "ann")
    await works.handle(number).terminate("by hand")
    handle = await works.client.start_workflow(
        RequestWorkflow.run, StartRequest(number=number, take_up=True), id=number, task_queue=PROCESSES
    )
    assert await refusal(works.decide(f"{number}-G1", "approved", "ann")) == "AlreadyVoted"
    for name in ("ben", "cem"):
        await works.decide(f"{number}-G1", "approved", name)
    assert await asyncio.wait_for(handle.result(), 20) == "closed_complete"


async def test_an_agenda_that_somebody_made_up_is_not_taken(works: Works) -> None:
    """Started by hand once the process was terminated: it goes on from the record, not from the argument."""
    number = await works.order("board-any")
    genuine = (await works.desk.agenda(number)).agenda
    await works.handle(number).terminate("by hand")
    made_up = genuine.model_copy(update={"version": 99, "closed": True})
    start = StartRequest(number=number, agenda=made_up, take_up=True)
    handle = await works.client.start_workflow(RequestWorkflow.run, start, id=number, task_queue=PROCESSES)
    await works.decide(f"{number}-G1", "approved", "ann")
    assert await asyncio.wait_for(handle.result(), 20) == "closed_complete"
    assert (await works.desk.document(number)).closed_at is not None


async def test_a_key_that_was_rotated_out_does_not_disturb_what_it_signed(
    desk: Desk, temporal_env: WorkflowEnvironment
) -> None:
    """Histories are replayed without verifying anew; new commands take the new key, and the old one is refused."""
    with temporal_env.with_time_skipping_disabled():
        async with working(desk, temporal_env.client, max_cached_workflows=0) as works:
            number = await works.order("board-two")
            await works.decide(f"{number}-G1", "approved", "ann")
            rotated = Keyring("k2", {"k2": b"2" * 32})
            assertion.install(rotated)
            assert await refusal(works.decide(f"{number}-G1", "approved", "ben")) == "ForgedCommand"
            sender = Sender(works.client, rotated)
            await works.decide(f"{number}-G1", "approved", "ben", sender=sender)
            assert await works.result(number) == "closed_complete"
            await replayed(works, number)


# continue as new


async def test_a_roll_over_keeps_the_process_and_the_answers(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agenda, "MOST_HANDLED", 4)
    number = await works.order("board-all")
    first = await comment(works.desk, if_match=(await works.desk.document(number)).version)
    answer = await works.send(number, first, "rita", update_id="the-first")
    for _ in range(3):
        await works.send(number, await comment(works.desk), "rita")
    await until(lambda: rolled_over(works, number))
    version = (await works.desk.document(number)).version
    # Sent again with the same id, in another run and with a version that is stale by now.
    assert await works.send(number, first, "rita", update_id="the-first") == answer
    assert (await works.desk.document(number)).version == version
    for name in ("ann", "ben", "cem"):
        await works.decide(f"{number}-G1", "approved", name)
    assert await works.result(number) == "closed_complete"
    await replayed(works, number)


async def rolled_over(works: Works, number: str) -> bool:
    return len(await works.run_ids(number)) >= 2


async def test_nothing_is_lost_at_a_roll_over(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comments and signals arrive while one run ends and the next begins, again and again."""
    monkeypatch.setattr(agenda, "MOST_HANDLED", 2)
    number = await works.order("board-all")
    words = [await comment(works.desk) for _ in range(8)]
    gate = f"{number}-G1"
    votes = [works.desk.vote(gate, "approved", name, by_signal=True).command for name in ("ann", "ben")]
    sent = [
        works.send(number, each, "rita", update_id=f"comment-{place}") for place, each in enumerate(words)
    ]
    signals = [works.handle(number).signal("decide_later", each) for each in votes]
    await asyncio.gather(*sent[:4], signals[0], *sent[4:], signals[1])
    await works.decide(f"{number}-G1", "approved", "cem")
    assert await works.result(number) == "closed_complete"
    steps = await works.desk.rows(
        step_result, step_result.c.number == number, step_result.c.step.like("u:comment-%")
    )
    assert len(steps) == 8
    await replayed(works, number)
