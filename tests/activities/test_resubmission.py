"""A line in its requester's hands: recalled, given back after its approval, for somebody else than before."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from steadydesk.contracts.agenda import ErrandKind, WaitingKind
from steadydesk.contracts.gate import GateState
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import RequestState, StepState, TaskState
from steadydesk.contracts.request_commands import OutcomeKind, TaskAction
from steadydesk.policies.waiting import explain
from steadydesk.records.tables.approval import approver
from steadydesk.records.tables.journal import audit
from steadydesk.records.tables.process import record, sight
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.request_catalogue import catalogue
from tests.support.request_desk import Desk, refused, request_desk
from tests.support.requests import automated, manual, resolved

_FOR_SOMEBODY = {
    "form": {"fields": {"holder": {"kind": "person", "label": "For"}}},
    "beneficiary": "holder",
    "approval": "for-both",
}
_PAID = {
    "approval": "two-stages",
    "plan": {"steps": {"book": automated(), "pay": manual(needs=["book"])}},
}
_TWO_HANDS = {
    "plan": {"steps": {"first": manual(undo={"nothing": "It was talk."}), "then": manual(needs=["first"])}}
}


@pytest.fixture(scope="module")
async def module_desk(postgres: EmbeddedPostgres) -> AsyncIterator[Desk]:
    items = catalogue({"for-somebody": _FOR_SOMEBODY, "paid": _PAID, "two-hands": _TWO_HANDS})
    async with request_desk(postgres, "activities_resubmission", items) as desk:
        yield desk


# recalled


async def test_a_recalled_line_asks_nobody_and_its_votes_are_void_when_it_comes_again(desk: Desk) -> None:
    number = await desk.order("two-stages", variables={"size": "large"})
    await desk.decide(f"{number}-G1", "approved", "ann")
    await desk.recall(number)
    line = await desk.line(number)
    assert (line.phase, line.clock.stage.value) == (Phase.RETURNED, "paused")
    assert (await desk.gate(f"{number}-G1")).state is GateState.APPROVED
    assert (await desk.gate(f"{number}-G2")).state is GateState.CANCELLED
    inbox = await desk.rows(approver, approver.c.gate == f"{number}-G2", approver.c.state == "requested")
    assert inbox == []
    assert await refused(desk.decide(f"{number}-G2", "approved", "otto")) == "GateClosed"
    await desk.resubmit(line, number, {"size": "small"})
    assert (await desk.gate(f"{number}-G1")).state is GateState.VOIDED
    gate = await desk.gate(f"{number}-G3")
    assert (gate.stage, gate.round, gate.changed) == ("first", 2, ["variables.size"])
    assert await desk.events(number) == [
        "request.opened",
        "approval.requested",
        "approval.decided",
        "approval.requested",
        "approval.cancelled",
        "request.recalled",
        "request.resubmitted",
        "approval.voided",
        "approval.requested",
    ]


async def test_only_what_is_in_approval_can_be_recalled(desk: Desk) -> None:
    number = await desk.order("by-hand")
    assert await refused(desk.recall(number)) == "InvalidTransition"
    number = await desk.order("two-stages")
    await desk.recall(number)
    assert await refused(desk.recall(number)) == "InvalidTransition"


async def test_what_was_recalled_and_never_came_again_is_cancelled_and_why_says_so(desk: Desk) -> None:
    number = await desk.order("two-stages")
    answer = await desk.recall(number)
    document = await desk.document(number)
    organisation = catalogue({"for-somebody": _FOR_SOMEBODY, "paid": _PAID})
    [waiting] = explain(document, organisation, resolved(organisation).calendars, desk.now)
    assert waiting.kind is WaitingKind.RESUBMISSION
    assert waiting.then.startswith("it is cancelled")
    for _ in range(2):
        answer = await desk.ring_next(answer, number)
    assert (await desk.document(number)).state is RequestState.CANCELLED


# given back


async def approve(desk: Desk, number: str, first: int) -> None:
    await desk.decide(f"{number}-G{first}", "approved", "ann")
    await desk.decide(f"{number}-G{first + 1}", "approved", "otto")


async def test_what_is_given_back_after_its_approval_is_undone_and_done_anew(desk: Desk) -> None:
    number = await desk.order("paid", variables={"amount": 10})
    line = (await desk.line(number)).number
    await approve(desk, number, 1)
    await desk.report(number, f"{line}:book:1", OutcomeKind.DONE)
    task = await desk.task(number, "pay")
    answer = await desk.give_back(number)
    assert [errand.kind for errand in answer.agenda.errands] == [ErrandKind.UNDO]
    assert (await desk.line(number)).phase is Phase.UNDOING
    await desk.report(number, f"{line}:book:1:undo:1", OutcomeKind.DONE)
    found = await desk.line(number)
    assert (found.phase, found.close_code, found.clock.stage.value) == (Phase.RETURNED, None, "paused")
    [row] = await desk.rows(record, record.c.number == task.number)
    assert row.state == TaskState.CANCELLED
    await desk.resubmit(found, number, {"amount": 9})
    assert (await desk.gate(f"{number}-G1")).state is GateState.VOIDED
    await approve(desk, number, 3)
    answer = await desk.agenda(number)
    assert [errand.key for errand in answer.agenda.errands] == [f"{line}:book:2"]
    await desk.report(number, f"{line}:book:2", OutcomeKind.DONE)
    again = await desk.task(number, "pay")
    assert again.number != task.number
    answer = await desk.act(number, again.number, TaskAction.COMPLETE)
    assert (await desk.document(number)).state is RequestState.CLOSED_COMPLETE


async def test_a_line_that_is_cancelled_while_it_is_given_back_is_cancelled(desk: Desk) -> None:
    number = await desk.order("paid")
    line = (await desk.line(number)).number
    await approve(desk, number, 1)
    await desk.report(number, f"{line}:book:1", OutcomeKind.DONE)
    await desk.give_back(number)
    await desk.cancel(number)
    await desk.report(number, f"{line}:book:1:undo:1", OutcomeKind.DONE)
    assert (await desk.line(number)).phase is Phase.CANCELLED


async def test_a_task_closed_as_the_line_is_given_back_is_shown_closed(desk: Desk) -> None:
    """Also where nothing has to be undone, so that it is returned in the same write."""
    number = await desk.order("by-hand")
    task = await desk.task(number, "one")
    await desk.give_back(number)
    line = await desk.line(number)
    assert (line.phase, line.steps["one"].state) == (Phase.RETURNED, StepState.STOPPED)
    [row] = await desk.rows(record, record.c.number == task.number)
    assert (row.open, row.state) == (False, TaskState.CANCELLED)
    assert line.return_until is not None
    await desk.resubmit(line, number, {})
    assert (await desk.line(number)).steps["one"].attempt == 2


async def refusal_of(desk: Desk, number: str, task: str) -> tuple[str | None, str, object]:
    with pytest.raises(ApplicationError) as caught:
        await desk.act(number, task, TaskAction.COMPLETE)
    details = caught.value.details[0]["details"]
    return caught.value.type, caught.value.message, details.get("ended_by")


async def test_an_old_task_says_that_the_return_ended_it_also_when_the_plan_has_begun_anew(
    desk: Desk,
) -> None:
    number = await desk.order("by-hand")
    ended = (await desk.task(number, "one")).number
    told = ("RecordClosed", f"{ended} was ended when its request was returned to the requester", "return")
    await desk.give_back(number)
    assert await refusal_of(desk, number, ended) == told
    await desk.resubmit(await desk.line(number), number, {})
    fresh = (await desk.task(number, "one")).number
    assert fresh != ended
    assert await refusal_of(desk, number, ended) == told
    await desk.act(number, fresh, TaskAction.COMPLETE)
    other = await desk.order("by-hand")
    assert await refused(desk.act(other, ended, TaskAction.COMPLETE)) == "UnknownRecord"


async def test_a_task_that_was_done_before_the_return_is_closed_and_not_ended_by_it(desk: Desk) -> None:
    number = await desk.order("two-hands")
    done = (await desk.task(number, "first")).number
    await desk.act(number, done, TaskAction.COMPLETE)
    await desk.give_back(number)
    await desk.resubmit(await desk.line(number), number, {})
    assert await refusal_of(desk, number, done) == ("RecordClosed", f"{done} is closed_complete", None)


async def test_a_task_of_a_cancelled_line_was_not_ended_by_a_return(desk: Desk) -> None:
    number = await desk.order("by-hand")
    task = (await desk.task(number, "one")).number
    await desk.cancel(number)
    assert await refusal_of(desk, number, task) == ("RecordClosed", f"{task} is cancelled", None)


async def test_what_is_not_approved_yet_cannot_be_given_back(desk: Desk) -> None:
    number = await desk.order("two-stages")
    assert await refused(desk.give_back(number)) == "InvalidTransition"


# for whom


async def seen_by(desk: Desk, number: str, name: str) -> list[str]:
    rows = await desk.rows(sight, sight.c.number == number, sight.c.subject == f"p:{desk.ids[name]}")
    return sorted(row.why for row in rows if row.until is None or row.until > desk.now)


async def test_a_resubmission_for_somebody_else_starts_anew_and_changes_who_sees_it(desk: Desk) -> None:
    """The policy leaves out whom it is for: Ann may not decide on what is now for her."""
    number = await desk.order("for-somebody", requested_for="ralf", variables={"holder": "ralf"})
    assert await desk.asked(f"{number}-G1") == ["ann", "ben", "cem"]
    await desk.resubmit(await desk.line(number), number, {"holder": "Ann"})
    document = await desk.document(number)
    assert document.lines[0].requested_for == document.requested_for == desk.ids["ann"]
    assert document.gates[f"{number}-G1"].reason == "changed: requested_for, variables.holder"
    assert await desk.asked(f"{number}-G2") == ["ben", "cem"]
    assert await seen_by(desk, number, "ralf") == []
    assert "requested_for" in await seen_by(desk, number, "ann")
    [row] = await desk.rows(audit, audit.c.number == number, audit.c.event == "line.beneficiary-changed")
    assert row.facts == {"before": desk.ids["ralf"], "after": desk.ids["ann"]}
    assert await refused(desk.decide(f"{number}-G2", "approved", "ann")) == "SelfApproval"


@pytest.mark.parametrize("holder", ["ralf", None])
async def test_a_resubmission_that_names_nobody_new_keeps_whom_it_is_for(
    desk: Desk, holder: str | None
) -> None:
    number = await desk.order("for-somebody", requested_for="ralf", variables={"holder": "ralf"})
    desk.now += timedelta(hours=1)
    await desk.resubmit(await desk.line(number), number, {"holder": holder} if holder else {})
    assert (await desk.line(number)).requested_for == desk.ids["ralf"]
    assert await seen_by(desk, number, "ralf") == ["requested_for"]
