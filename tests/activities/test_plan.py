"""How errands end in the record: steps and their undo, children, grants; and random plans on the real database."""

import typing
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest

from activities import advance
from steadydesk.contracts.agenda import ErrandKind
from steadydesk.contracts.plan import StepKind
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line, RequestProcess, StepState, UndoState
from steadydesk.contracts.request_commands import ErrandOutcome, OutcomeKind, TaskAction
from steadydesk.policies import request as moves
from steadydesk.policies.plan import CHILD_ENDED, IN_DOUBT
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.identity import security_event
from steadydesk.records.tables.journal import audit
from steadydesk.records.tables.process import process as process_table
from steadydesk.records.tables.process import record
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.ledger import settled
from tests.support.request_catalogue import catalogue
from tests.support.request_desk import Desk, request_desk
from tests.support.request_story import Story, random_items
from tests.support.requests import NOW

SEED = 20260302
ITEMS = random_items(SEED, 60)
K = OutcomeKind


@pytest.fixture(scope="module")
async def module_desk(postgres: EmbeddedPostgres) -> AsyncIterator[Desk]:
    async with request_desk(postgres, "activities_plan", catalogue(ITEMS)) as desk:
        yield desk


def test_every_move_is_carried_out() -> None:
    assert set(advance._DOINGS) == set(typing.get_args(moves.Move))


async def test_a_plan_runs_its_errands_one_after_the_other(desk: Desk) -> None:
    number = await desk.order("automated")
    line = (await desk.line(number)).number
    answer = await desk.report(number, f"{line}:one:1", K.DONE)
    assert [errand.key for errand in answer.agenda.errands] == [f"{line}:two:1"]
    answer = await desk.report(number, f"{line}:two:1", K.DONE)
    assert answer.agenda.closed


async def test_an_outcome_that_nobody_waits_for_changes_nothing(desk: Desk) -> None:
    number = await desk.order("automated")
    before = (await desk.document(number)).lines
    await desk.report(number, "RITM9999999:one:1", K.DONE)
    await desk.report(number, f"{before[0].number}:one:2", K.DONE)
    assert (await desk.document(number)).lines == before


async def test_an_outcome_told_too_early_does_not_use_up_the_real_one(desk: Desk) -> None:
    """Whoever reaches Temporal could tell it before the step has begun: the real one would be taken for its repeat."""
    number = await desk.order("automated")
    line = (await desk.line(number)).number
    await desk.claim(number, f"{line}:two:1", K.DONE)
    await desk.report(number, f"{line}:one:1", K.DONE)
    assert (await desk.report(number, f"{line}:two:1", K.DONE)).agenda.closed


async def test_a_success_that_the_ledger_does_not_know_is_not_believed(desk: Desk) -> None:
    """Completed by hand before any worker took it up, so that nothing went out."""
    number = await desk.order("automated")
    await desk.claim(number, f"{(await desk.line(number)).number}:one:1", K.DONE)
    assert (await desk.line(number)).steps["one"].problem == "OutcomeUnknown"
    [event] = await desk.rows(security_event, security_event.c.number == number)
    assert (event.kind, event.detail) == ("forged-update", "activity completed by hand")


async def test_what_came_back_is_what_the_ledger_has(desk: Desk) -> None:
    number = await desk.order("automated")
    errand = f"{(await desk.line(number)).number}:one:1"
    await settled(desk.engine, number, errand, desk.now)
    outcome = ErrandOutcome(kind=K.DONE, outputs=await desk.words({"id": "of another"}))
    await desk.plan.record_outcome(desk.tick(number, f"outcome:{errand}", errand=errand, outcome=outcome))
    run = (await desk.line(number)).steps["one"]
    assert (run.state, run.outputs) == (StepState.DONE, None)


async def test_a_failure_undoes_what_was_done_and_closes_incomplete(desk: Desk) -> None:
    number = await desk.order("automated")
    line = (await desk.line(number)).number
    await desk.report(number, f"{line}:one:1", K.DONE)
    answer = await desk.report(number, f"{line}:two:1", K.REFUSED, "Refused")
    assert [errand.kind for errand in answer.agenda.errands] == [ErrandKind.UNDO]
    await desk.report(number, f"{line}:one:1:undo:1", K.DONE)
    found = await desk.line(number)
    assert (found.phase, found.close_code) == (Phase.INCOMPLETE, "step_failed")
    assert found.steps["two"].undo is None


async def test_a_lenient_step_is_skipped_when_it_fails(desk: Desk) -> None:
    number = await desk.order("lenient")
    line = (await desk.line(number)).number
    await desk.report(number, f"{line}:one:1", K.FAILED, "Unavailable")
    found = await desk.line(number)
    assert (found.steps["one"].state, found.steps["two"].state) == (StepState.SKIPPED, StepState.OPEN)


async def test_what_cannot_be_undone_becomes_one_task(desk: Desk) -> None:
    number = await desk.order("automated")
    line = (await desk.line(number)).number
    await desk.report(number, f"{line}:one:1", K.DONE)
    await desk.cancel(number)
    await desk.report(number, f"{line}:two:1", K.STOPPED, "Stopped")
    assert (await desk.line(number)).steps["two"].undo is UndoState.RUNNING
    await desk.report(number, f"{line}:two:1:undo:1", K.REFUSED, "Refused")
    task = await desk.task(number, "two")
    assert task.group == "desk"
    assert (await desk.line(number)).steps["one"].undo is None
    await desk.act(number, task.number, TaskAction.COMPLETE)
    answer = await desk.report(number, f"{line}:one:1:undo:1", K.DONE)
    assert answer.agenda.closed
    assert (await desk.line(number)).phase is Phase.CANCELLED


@pytest.mark.parametrize("problem", sorted(IN_DOUBT))
async def test_a_failure_in_doubt_during_a_cancellation_asks_nobody_and_is_undone(
    desk: Desk, problem: str
) -> None:
    number = await desk.order("asking")
    line = (await desk.line(number)).number
    answer = await desk.cancel(number)
    assert answer.agenda.stopped == [f"{line}:one:1"]
    answer = await desk.report(number, f"{line}:one:1", K.UNKNOWN, problem)
    assert [errand.kind for errand in answer.agenda.errands] == [ErrandKind.UNDO]
    assert (await desk.line(number)).steps["one"].task is None
    await desk.report(number, f"{line}:one:1:undo:1", K.DONE)
    assert (await desk.line(number)).phase is Phase.CANCELLED


async def test_an_approval_inside_of_a_plan(desk: Desk) -> None:
    number = await desk.order("checked")
    await desk.decide(f"{number}-G1", "approved", "ann")
    await desk.decide(f"{number}-G2", "approved", "otto")
    assert (await desk.line(number)).steps["one"].state is StepState.OPEN
    refused = await desk.order("checked")
    await desk.decide(f"{refused}-G1", "rejected", "ann")
    line = await desk.line(refused)
    assert (line.phase, line.steps["check"].state) == (Phase.INCOMPLETE, StepState.FAILED)


@pytest.mark.parametrize(
    ("wanted", "state"),
    [({"wanted": True}, StepState.OPEN), ({"wanted": False}, StepState.SKIPPED), ({}, StepState.OPEN)],
)
async def test_a_condition_skips_its_step_and_one_in_doubt_does_not(
    desk: Desk, wanted: dict[str, bool], state: StepState
) -> None:
    number = await desk.order("conditional", variables=wanted)
    assert (await desk.line(number)).steps["one"].state is state


# children


async def child_of(desk: Desk, *, opened: bool = True) -> tuple[str, str, str]:
    """A bundle's number, line and child, which was opened by its errand."""
    number = await desk.order("bundle")
    line = await desk.line(number)
    child = line.steps["child"].child
    assert child is not None
    if opened:
        await desk.report(number, f"{line.number}:child:1", K.DONE)
    return number, line.number, child


async def test_a_step_ends_as_its_child_ends(desk: Desk) -> None:
    number, _, child = await child_of(desk)
    await desk.tell(number, "child_ended", subject=child, outcome="closed_complete")
    assert (await desk.line(number)).steps["after"].state is StepState.OPEN
    number, _, child = await child_of(desk)
    await desk.tell(number, "child_ended", subject=child, outcome="cancelled")
    run = (await desk.line(number)).steps["child"]
    assert (run.state, run.problem) == (StepState.DECIDING, f"{CHILD_ENDED}cancelled")


async def test_a_retried_child_is_another_request(desk: Desk) -> None:
    number, line, child = await child_of(desk)
    await desk.tell(number, "child_ended", subject=child, outcome="closed_incomplete")
    answer = await desk.act(number, (await desk.task(number, "child")).number, TaskAction.RETRY)
    run = (await desk.line(number)).steps["child"]
    assert run.child not in (None, child)
    assert [errand.key for errand in answer.agenda.errands] == [f"{line}:child:2"]


async def test_a_running_child_is_cancelled_with_its_parent_and_says_when_it_has_ended(desk: Desk) -> None:
    number, line, child = await child_of(desk)
    answer = await desk.cancel(number)
    assert [errand.kind for errand in answer.agenda.errands] == [ErrandKind.CANCEL_CHILD]
    await desk.report(number, f"{line}:child:1:undo:1", K.DONE)
    assert (await desk.line(number)).phase is Phase.UNDOING
    await desk.tell(number, "child_ended", subject=child, outcome="cancelled")
    assert (await desk.line(number)).phase is Phase.CANCELLED


async def test_a_child_that_opens_while_its_parent_is_cancelled_is_cancelled_too(desk: Desk) -> None:
    number, line, _ = await child_of(desk, opened=False)
    await desk.cancel(number)
    answer = await desk.report(number, f"{line}:child:1", K.DONE)
    assert [errand.kind for errand in answer.agenda.errands] == [ErrandKind.CANCEL_CHILD]


async def test_a_child_that_may_have_been_opened_is_cancelled(desk: Desk) -> None:
    number, line, _ = await child_of(desk, opened=False)
    await desk.cancel(number)
    answer = await desk.report(number, f"{line}:child:1", K.STOPPED, "Stopped")
    assert [errand.kind for errand in answer.agenda.errands] == [ErrandKind.CANCEL_CHILD]
    await desk.report(number, f"{line}:child:1:undo:1", OutcomeKind.DONE, "Ended")
    assert (await desk.line(number)).phase is Phase.CANCELLED


async def test_a_complete_child_is_given_to_a_person(desk: Desk) -> None:
    """Nobody can cancel what is complete: what it left behind is taken back by hand."""
    number, line, child = await child_of(desk)
    [row] = await desk.rows(record, record.c.number == await desk.order("simple"))
    async with desk.engine.begin() as connection:
        await connection.execute(record.insert().values({**row._asdict(), "number": child, "owner": child}))
    await desk.tell(number, "child_ended", subject=child, outcome="closed_complete")
    await desk.cancel(number)
    await desk.report(number, f"{line}:child:1:undo:1", K.DONE, "Ended")
    run = (await desk.line(number)).steps["child"]
    assert (run.undo, run.problem) == (UndoState.OPEN, "ChildComplete")
    await desk.act(number, (await desk.task(number, "child")).number, TaskAction.COMPLETE)
    assert (await desk.line(number)).phase is Phase.CANCELLED


async def test_a_child_that_ends_while_its_parent_is_taken_back_needs_no_cancelling(desk: Desk) -> None:
    number, _, child = await child_of(desk)
    await desk.cancel(number)
    await desk.tell(number, "child_ended", subject=child, outcome="cancelled")
    assert (await desk.line(number)).phase is Phase.CANCELLED


# grants


async def test_a_grant_is_registered_with_its_end_and_handed_over(desk: Desk) -> None:
    number = await desk.order("granting", variables={"until": "2026-06-01"}, requested_for="ralf")
    line = (await desk.line(number)).number
    answer = await desk.report(number, f"{line}:one:1", K.DONE)
    run = (await desk.line(number)).steps["one"]
    [row] = await desk.rows(grant_register, grant_register.c.number == run.grant)
    assert (row.holder, row.state) == (desk.ids["ralf"], "active")
    assert [errand.kind for errand in answer.agenda.errands] == [ErrandKind.START_GRANT]
    assert not answer.agenda.closed
    answer = await desk.report(number, f"{line}:one:grant", K.DONE)
    assert answer.agenda.closed


async def test_a_grant_that_is_undone_is_revoked_in_the_register(desk: Desk) -> None:
    number = await desk.order("granting", variables={"until": "2026-06-01"})
    line = (await desk.line(number)).number
    await desk.cancel(number)
    await desk.report(number, f"{line}:one:1", K.DONE)
    await desk.report(number, f"{line}:one:1:undo:1", K.DONE)
    run = (await desk.line(number)).steps["one"]
    [row] = await desk.rows(grant_register, grant_register.c.number == run.grant)
    assert row.state == "revoked"


# random plans


def steps_that_stand(line: Line, kinds: dict[str, StepKind]) -> set[str]:
    found = {key for key, run in line.steps.items() if run.undo is None}
    return {
        key
        for key in found
        if kinds[key] in (StepKind.MANUAL, StepKind.CONNECTOR, StepKind.REQUEST)
        and (line.steps[key].state is StepState.DONE or line.steps[key].problem in IN_DOUBT)
        and not (line.steps[key].problem or "").startswith(CHILD_ENDED)
        and not (kinds[key] is StepKind.MANUAL and line.steps[key].state is not StepState.DONE)
    }


def check(document: RequestProcess, kinds: dict[str, StepKind], story: Story) -> None:
    """All that began has ended; what was done stands or was taken back, in reverse; no task is left open."""
    for line in document.lines:
        # Of a plan that is carried out anew, what has not been started again is as if it had never been.
        runs = {key: run for key, run in line.steps.items() if run.state is not StepState.PENDING}
        assert all(run.state.has_ended for run in runs.values()), story.heard
        assert not [run for run in runs.values() if run.undo in (UndoState.RUNNING, UndoState.OPEN)], (
            story.heard
        )
        tasks = [task for run in runs.values() for task in (run.task, run.undo_task) if task is not None]
        assert not [task for task in tasks if task.is_open], story.heard
        orders = [run.order for run in runs.values()]
        assert 0 not in orders
        assert len(orders) == len(set(orders))
        if line.phase in (Phase.COMPLETE, Phase.SKIPPED):
            assert {run.state for run in line.steps.values()} <= {StepState.DONE, StepState.SKIPPED}
            assert not any(run.undo for run in runs.values())
        else:
            assert steps_that_stand(line, kinds) == set(), story.heard
    assert not [gate for gate in document.gates.values() if gate.is_open]


@pytest.mark.proof
async def test_random_plans_end_whatever_happens(desk: Desk, full: bool) -> None:
    random = Random(SEED)
    phases: set[Phase] = set()
    for place in range(1_500 if full else 60):
        key = f"random-{place % len(ITEMS)}"
        kinds = {name: StepKind(step["kind"]) for name, step in ITEMS[key]["plan"]["steps"].items()}
        desk.now = NOW
        number = await desk.order(key, variables={"n": 0})
        story = Story(desk, kinds, random, number)
        document = await story.play(random.randint(0, 10) if random.random() < 0.4 else None)
        check(document, kinds, story)
        check_undone_in_reverse(await undo_order(desk, number), document)
        phases |= {line.phase for line in document.lines}
    assert phases >= {Phase.COMPLETE, Phase.INCOMPLETE, Phase.CANCELLED}


@pytest.mark.proof
async def test_random_plans_end_also_when_they_are_recalled_and_given_back(desk: Desk, full: bool) -> None:
    random = Random(SEED + 1)
    again: set[str] = set()
    for place in range(600 if full else 40):
        key = f"random-{place % len(ITEMS)}"
        kinds = {name: StepKind(step["kind"]) for name, step in ITEMS[key]["plan"]["steps"].items()}
        desk.now = NOW
        number = await desk.order(key, variables={"n": 0})
        story = Story(desk, kinds, random, number, returns=True)
        document = await story.play(random.randint(5, 20) if random.random() < 0.3 else None)
        check(document, kinds, story)
        again |= {"recall", "give back"}.intersection(story.heard)
    assert again == {"recall", "give back"}


async def undo_order(desk: Desk, number: str) -> list[str]:
    """The steps in the order in which their undo began, as the audit has it."""
    rows = await desk.rows(audit, audit.c.number == number, audit.c.event == "undo.started")
    return [row.subject.rsplit("/")[1] for row in sorted(rows, key=lambda row: row.position)]


def check_undone_in_reverse(keys: list[str], document: RequestProcess) -> None:
    assert len(keys) == len(set(keys))
    runs = document.lines[0].steps
    assert all(runs[later].order < runs[earlier].order for earlier, later in pairwise(keys))


async def test_the_document_is_what_was_written(desk: Desk) -> None:
    number = await desk.order("bundle", "by-hand", variables={"a": [1, 2]})
    [row] = await desk.rows(process_table, process_table.c.number == number)
    document = await desk.document(number)
    assert document.model_dump(mode="json", exclude_defaults=True) == row.document
    assert document.updated_at - document.opened_at == timedelta(0)


async def test_a_refused_approval_step_fails_as_its_plan_says(postgres: EmbeddedPostgres) -> None:
    asking = {"kind": "approval", "label": "A", "policy": "board-any", "on_failure": "ask"}
    items = catalogue({"asked-again": {"plan": {"steps": {"check": asking}}}})
    async with request_desk(postgres, "refused_step", items) as desk:
        number = await desk.order("asked-again")
        await desk.decide(f"{number}-G1", "rejected", "ann")
        run = (await desk.line(number)).steps["check"]
        assert (run.state, run.problem) == (StepState.DECIDING, "Rejected")
        task = await desk.task(number, "check")
        await desk.act(number, task.number, TaskAction.RETRY)
        assert (await desk.line(number)).steps["check"].gates == [f"{number}-G2"]
        await desk.decide(f"{number}-G2", "approved", "ben")
        assert (await desk.document(number)).state.value == "closed_complete"
