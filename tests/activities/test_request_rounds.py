"""What a vote brings about: stages, refusal, return, voided gates; decisions by signal; questions."""

from datetime import timedelta

import pytest

from steadydesk.contracts.gate import Decision, GateState
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request_commands import Decide, Reschedule, Write
from steadydesk.errors import NotEligible
from steadydesk.policies.assertion import unsigned
from steadydesk.policies.kept_refusal import as_said
from steadydesk.records.processes import keep_refusal
from steadydesk.records.tables.approval import gate as gate_table
from steadydesk.records.tables.approval import vote
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.identity import security_event
from steadydesk.records.tables.journal import audit
from tests.support.request_desk import Desk, forged, gate_of, refused
from tests.support.requests import NOW

# what a vote brings about


async def test_a_sequence_of_stages_ends_in_fulfilment(desk: Desk) -> None:
    number = await desk.order("two-stages")
    await desk.decide(f"{number}-G1", "approved", "ben")
    assert await desk.asked(f"{number}-G2") == ["otto"]
    await desk.decide(f"{number}-G2", "approved", "otto")
    assert (await desk.line(number)).phase is Phase.COMPLETE


async def test_a_refusal_cancels_the_other_open_gates_and_closes(desk: Desk) -> None:
    number = await desk.order("parallel")
    await desk.decide(f"{number}-G2", "rejected", "otto")
    document = await desk.document(number)
    assert document.gates[f"{number}-G1"].state is GateState.CANCELLED
    assert document.lines[0].phase is Phase.REJECTED
    assert document.state.value == "closed_incomplete"


async def test_a_returned_line_starts_anew_when_it_is_resubmitted(desk: Desk) -> None:
    number = await desk.order("two-stages", variables={"size": "large"})
    await desk.decide(f"{number}-G1", "rejected", "ann")
    line = await desk.line(number)
    assert (line.phase, line.clock.stage.value) == (Phase.RETURNED, "paused")
    desk.now += timedelta(days=2)
    await desk.resubmit(line, number, {"size": "small"})
    document = await desk.document(number)
    assert (document.lines[0].round, document.lines[0].phase) == (2, Phase.APPROVAL)
    assert document.gates[f"{number}-G2"].stage == "first"
    assert document.lines[0].clock.stage.value == "in_progress"
    await desk.decide(f"{number}-G2", "approved", "ann")
    await desk.decide(f"{number}-G3", "approved", "otto")
    assert (await desk.line(number)).phase is Phase.COMPLETE


async def test_a_material_change_voids_the_gates_and_names_the_fields(desk: Desk) -> None:
    number = await desk.order("two-stages", variables={"size": "large", "colour": "red"})
    await desk.decide(f"{number}-G1", "approved", "ann")
    await desk.resubmit(await desk.line(number), number, {"size": "small", "colour": "red"}, quantity=2)
    document = await desk.document(number)
    for voided in ("G1", "G2"):
        gate = document.gates[f"{number}-{voided}"]
        assert gate.state is GateState.VOIDED
        assert gate.reason == "changed: quantity, variables.size"
    assert document.gates[f"{number}-G3"].is_open
    assert document.lines[0].round == 2
    assert await refused(desk.decide(f"{number}-G2", "approved", "otto")) == "GateClosed"
    assert (await desk.events(number)).count("approval.voided") == 2


async def test_a_change_of_nothing_material_leaves_the_gates(desk: Desk) -> None:
    number = await desk.order("dated", variables={"day": "2026-03-10", "colour": "red"})
    await desk.resubmit(await desk.line(number), number, {"day": "2026-03-10", "colour": "blue"})
    document = await desk.document(number)
    assert document.gates[f"{number}-G1"].is_open
    assert document.lines[0].round == 1
    await desk.resubmit(await desk.line(number), number, {"day": "2026-03-11", "colour": "blue"})
    assert (await desk.gate(f"{number}-G1")).reason == "changed: effective_at"


async def test_another_effective_date_is_a_material_change_where_the_policy_says_so(desk: Desk) -> None:
    number = await desk.order("dated", variables={"day": "2026-03-10"})
    line = await desk.line(number)
    command = Reschedule(assertion=unsigned(), line=line.number, effective_at=NOW + timedelta(days=30))
    await desk.requests.record_effective_date(desk.write(number, command, "rita"))
    assert (await desk.gate(f"{number}-G1")).state is GateState.VOIDED
    assert (await desk.gate(f"{number}-G2")).is_open
    assert (await desk.line(number)).effective_at == NOW + timedelta(days=30)


async def test_what_is_approved_cannot_be_changed_any_more(desk: Desk) -> None:
    number = await desk.order("alone")
    assert await refused(desk.resubmit(await desk.line(number), number, {})) == "InvalidTransition"


# signals


async def test_a_forged_signal_is_counted_and_changes_nothing_else(desk: Desk) -> None:
    gate = await gate_of(desk, "board-any")
    write = desk.vote(gate, "approved", "ann", by_signal=True)
    await desk.approvals.record_signalled_decision(
        write.model_copy(update={"command": forged(write.command), "step": "s:forged"})
    )
    assert (await desk.gate(gate)).is_open
    assert await desk.rows(vote, vote.c.gate == gate) == []
    number = gate[:-3]
    events = await desk.rows(security_event, security_event.c.number == number)
    assert [event.kind for event in events] == ["forged-signal"]
    rows = await desk.rows(audit, audit.c.number == number, audit.c.event == "signal.forged")
    assert [row.actor for row in rows] == ["service"]


async def test_a_refused_signal_is_journalled(desk: Desk) -> None:
    gate = await gate_of(desk, "board-any")
    write = desk.vote(gate, "approved", "ralf", by_signal=True)
    await desk.approvals.record_signalled_decision(write)
    rows = await desk.rows(audit, audit.c.number == gate[:-3], audit.c.event == "decision.refused")
    assert [row.facts["reason"] for row in rows] == ["NotEligible"]
    assert (await desk.gate(gate)).is_open


async def test_a_signal_moved_to_another_record_is_forged(desk: Desk) -> None:
    first, second = await gate_of(desk, "board-any"), await gate_of(desk, "board-any")
    genuine = desk.vote(first, "approved", "ann", by_signal=True)
    write = genuine.model_copy(update={"number": second[:-3], "step": "s:moved"})
    await desk.approvals.record_signalled_decision(write)
    assert (await desk.gate(second)).is_open
    assert len(await desk.rows(security_event, security_event.c.number == second[:-3])) == 1


async def test_a_decision_seen_in_a_history_decides_nothing_again(desk: Desk) -> None:
    """Sent again as signal or update, also after its voter took it back."""
    gate = await gate_of(desk, "board-all")
    update = desk.vote(gate, "approved", "ann")
    await desk.approvals.record_decision(update)
    await desk.decide(gate, "withdrawn", "ann")
    await desk.approvals.record_signalled_decision(_by_signal(update))
    await desk.approvals.record_decision(update)
    assert (await desk.gate(gate)).ballots == []
    other = desk.vote(gate, "approved", "ben", by_signal=True)
    await desk.approvals.record_signalled_decision(other)
    await desk.decide(gate, "withdrawn", "ben")
    await desk.approvals.record_signalled_decision(_by_signal(other))
    assert (await desk.gate(gate)).ballots == []


def _by_signal(write: Write[Decide]) -> Write[Decide]:
    """As the workflow hands over what came as a signal."""
    return write.model_copy(update={"step": f"s:{write.command.assertion.update_id}:mac"})


async def test_what_was_refused_is_refused_for_ever(desk: Desk) -> None:
    """Sent again from the history once its actor may decide: as update, as signal, by a retry or another run."""
    gate = await gate_of(desk, "board-any")
    update, signal = (desk.vote(gate, "approved", "ralf", by_signal=by_signal) for by_signal in (False, True))
    assert await refused(desk.approvals.record_decision(update)) == "NotEligible"
    await desk.approvals.record_signalled_decision(_by_signal(signal))
    await desk.delegate("ann", "ralf")
    assert await refused(desk.approvals.record_decision(update)) == "NotEligible"
    assert await refused(desk.approvals.record_decision(signal)) == "NotEligible"
    for again in (signal, update):
        await desk.approvals.record_signalled_decision(_by_signal(again))
    other_run = update.model_copy(update={"run": "another", "at": desk.now + timedelta(days=1)})
    assert await refused(desk.approvals.record_decision(other_run)) == "NotEligible"
    assert await desk.rows(vote, vote.c.gate == gate) == []
    forged_ones = await desk.rows(security_event, security_event.c.number == gate[:-3])
    assert [event.kind for event in forged_ones] == ["forged-signal"], "an update is no signal"
    await desk.decide(gate, "approved", "ralf")
    assert (await desk.gate(gate)).state is GateState.APPROVED


async def test_a_success_that_came_first_is_never_refused(desk: Desk) -> None:
    """Another attempt committed it after this one had looked: nothing of it is taken back by keeping a refusal."""
    gate = await gate_of(desk, "board-any")
    write = desk.vote(gate, "approved", "ann")
    answer = await desk.approvals.record_decision(write)
    async with desk.engine.begin() as connection:
        late = await keep_refusal(connection, write.number, write.step, as_said(NotEligible("too late")))
        none = await keep_refusal(connection, "REQ9999999", write.step, as_said(NotEligible("nobody")))
    assert late is not None
    assert (late["said"], none) == (answer.said, None)
    assert (await desk.approvals.record_decision(write)).said == answer.said


async def test_a_forged_signal_does_not_use_up_the_id_of_a_genuine_decision(desk: Desk) -> None:
    gate = await gate_of(desk, "board-any")
    write = desk.vote(gate, "approved", "ann", by_signal=True)
    bad = write.model_copy(update={"command": forged(write.command), "step": "s:guessed"})
    await desk.approvals.record_signalled_decision(bad)
    await desk.approvals.record_signalled_decision(write)
    assert (await desk.gate(gate)).state is GateState.APPROVED


# questions


async def test_a_question_pauses_the_gate_until_the_requester_answers(desk: Desk) -> None:
    gate = await gate_of(desk, "board-any")
    words = await desk.words("What for?")
    await desk.decide(gate, "ask", "ann", comment=words)
    assert await refused(desk.decide(gate, "ask", "ben")) == "InvalidTransition"
    desk.now += timedelta(hours=10)
    await desk.comment(gate[:-3])
    opened = await desk.gate(gate)
    assert opened.question is None
    assert opened.asked_for == timedelta(hours=10)
    [row] = await desk.rows(gate_table, gate_table.c.id == gate)
    assert row.due_at == NOW + timedelta(hours=26)


@pytest.mark.parametrize("by", ["ann", "dan"])
async def test_the_answer_to_a_question_is_told_to_whoever_asked(desk: Desk, by: str) -> None:
    """Not to the others who may decide; also where somebody asked who stands in for one of them."""
    gate = await gate_of(desk, "board-any")
    await desk.delegate("ben", "dan")
    await desk.decide(gate, "ask", by, comment=await desk.words("What for?", by))
    await desk.comment(gate[:-3])
    [told] = await desk.rows(outbox, outbox.c.event == "task.answered", outbox.c.subject == gate)
    assert told.audience == [f"p:{desk.ids[by]}"]


async def test_a_gate_may_be_decided_while_its_question_is_open(desk: Desk) -> None:
    gate = await gate_of(desk, "board-any")
    await desk.decide(gate, "ask", "ann")
    await desk.decide(gate, "approved", "ben")
    closed = await desk.gate(gate)
    assert (closed.state, closed.question) == (GateState.APPROVED, None)


async def test_questions_rest_a_gate_no_longer_than_their_limit_in_all(desk: Desk) -> None:
    number = await desk.order("asking-little")
    gate = f"{number}-G1"
    await desk.decide(gate, "ask", "ann")
    desk.now += timedelta(hours=3)
    await desk.comment(number)
    answer = await desk.decide(gate, "ask", "ben")
    assert answer.agenda.alarm is not None
    assert answer.agenda.alarm.at == desk.now + timedelta(hours=1)
    await desk.ring_next(answer, number)
    opened = await desk.gate(gate)
    assert (opened.question, opened.asked_for) == (None, timedelta(hours=4))
    assert opened.clock.stage.value == "in_progress"
    assert await refused(desk.decide(gate, "ask", "cem")) == "InvalidTransition"
    question = Decide(assertion=unsigned(), gate=gate, decision=Decision.ASK)
    assert question.comment is None
