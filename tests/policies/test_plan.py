"""Which steps can start, when a plan has ended, and what must be taken back, against plain definitions."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steadydesk.contracts.plan import Plan
from steadydesk.contracts.request import Line, StepRun, StepState, UndoState
from steadydesk.policies.plan import (
    IN_DOUBT,
    PlanVerdict,
    after_failure,
    progress,
    ready_steps,
    to_undo,
    verdict,
)
from tests.support.random_plans import plans
from tests.support.requests import automated, line, manual

OK = (StepState.DONE, StepState.SKIPPED)
PROBLEMS = (None, "Refused", *sorted(IN_DOUBT))


@st.composite
def runs(draw: st.DrawFn, steps: dict[str, dict[str, Any]]) -> dict[str, StepRun]:
    """Any state of any step, reachable or not; steps that have ended have their own rank."""
    found: dict[str, StepRun] = {}
    for order, key in enumerate(draw(st.permutations(sorted(steps))), start=1):
        state = draw(st.sampled_from(StepState))
        problem = draw(st.sampled_from(PROBLEMS))
        undo = draw(st.sampled_from([None, *UndoState])) if state.has_ended else None
        if state is not StepState.PENDING or draw(st.booleans()):
            rank = order if state.has_ended else 0
            found[key] = StepRun(state=state, problem=problem, undo=undo, order=rank)
    return found


@st.composite
def begun(draw: st.DrawFn) -> tuple[Plan, Line]:
    steps = draw(plans())
    return Plan.model_validate({"steps": steps}), line(steps=draw(runs(steps)))


def state_of(of: Line, key: str) -> StepState:
    return of.steps[key].state if key in of.steps else StepState.PENDING


@given(begun())
@settings(max_examples=60, deadline=None)
def test_a_step_is_ready_when_all_it_needs_has_ended_well(found: tuple[Plan, Line]) -> None:
    plan, of = found
    ready = ready_steps(plan, of)
    for key, step in plan.steps.items():
        can = state_of(of, key) is StepState.PENDING and all(state_of(of, need) in OK for need in step.needs)
        assert (key in ready) == can
    assert ready == [key for key in plan.steps if key in ready]


@given(begun())
@settings(max_examples=60, deadline=None)
def test_the_verdict_and_the_progress(found: tuple[Plan, Line]) -> None:
    plan, of = found
    states = {state_of(of, key) for key in plan.steps}
    if states & {StepState.FAILED, StepState.STOPPED}:
        assert verdict(plan, of) is PlanVerdict.FAILED
    else:
        assert (verdict(plan, of) in (PlanVerdict.DONE, PlanVerdict.SKIPPED)) == (states <= set(OK))
        assert (verdict(plan, of) is PlanVerdict.SKIPPED) == (states == {StepState.SKIPPED})
    done, count = progress(plan, of)
    assert count == sum(state_of(of, key) is not StepState.SKIPPED for key in plan.steps)
    taken_back = {key for key, run in of.steps.items() if run.undo is not None}
    assert done == sum(state_of(of, key) is StepState.DONE for key in plan.steps.keys() - taken_back)


def test_what_was_skipped_or_taken_back_is_no_progress() -> None:
    steps = {"one": manual(), "two": manual(needs=["one"]), "three": manual()}
    plan = Plan.model_validate({"steps": steps})
    of = line(
        steps={
            "one": StepRun(state=StepState.DONE),
            "two": StepRun(state=StepState.STOPPED),
            "three": StepRun(state=StepState.SKIPPED),
        }
    )
    assert progress(plan, of) == (1, 2)
    of.steps["one"].undo = UndoState.DONE
    assert progress(plan, of) == (0, 2)


@given(begun())
@settings(max_examples=60, deadline=None)
def test_what_stands_is_undone_once_and_in_reverse(found: tuple[Plan, Line]) -> None:
    plan, of = found
    order = list(to_undo(plan, of))
    assert all(of.steps[later].order <= of.steps[earlier].order for earlier, later in pairwise(order))
    assert all(of.steps[key].undo is None for key in order)
    done = {key for key, run in of.steps.items() if run.state is StepState.DONE and run.undo is None}
    acting = {key for key, step in plan.steps.items() if step.kind in ("manual", "connector")}
    assert done & acting <= set(order)
    for key in list(order):
        of.steps[key].undo = UndoState.DONE
    assert list(to_undo(plan, of)) == []


@pytest.mark.parametrize("problem", sorted(IN_DOUBT))
@pytest.mark.parametrize("state", [StepState.FAILED, StepState.SKIPPED, StepState.STOPPED])
def test_an_effect_in_doubt_is_taken_back_however_its_step_ended(problem: str, state: StepState) -> None:
    plan = Plan.model_validate({"steps": {"one": automated(), "two": manual()}})
    of = line(steps={key: StepRun(state=state, problem=problem, order=1) for key in plan.steps})
    assert list(to_undo(plan, of)) == ["one"]
    refused = line(steps={"one": StepRun(state=state, problem="Refused", order=1)})
    assert list(to_undo(plan, refused)) == []


@pytest.mark.parametrize(
    ("problem", "taken_back"),
    [(None, True), ("RPCError", True), ("Stopped", True), ("Child:cancelled", False)],
)
def test_a_child_that_may_be_open_is_taken_back(problem: str | None, taken_back: bool) -> None:
    plan = Plan.model_validate({"steps": {"one": {"kind": "request", "label": "R", "item": "item"}}})
    of = line(steps={"one": StepRun(state=StepState.FAILED, problem=problem, child="REQ0000002", order=1)})
    assert (list(to_undo(plan, of)) == ["one"]) is taken_back


@pytest.mark.parametrize(
    ("on_failure", "state"),
    [("fail", StepState.FAILED), ("skip", StepState.SKIPPED), ("ask", StepState.DECIDING)],
)
def test_what_a_failed_step_becomes(on_failure: str, state: StepState) -> None:
    plan = Plan.model_validate({"steps": {"one": manual(on_failure=on_failure)}})
    assert after_failure(plan, "one") is state
