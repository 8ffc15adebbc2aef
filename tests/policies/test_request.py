"""The story of a request over random plans: it always comes to rest and to an end, and nothing is done twice."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steadydesk.contracts.gate import GateState
from steadydesk.contracts.plan import StepKind
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line, RequestState, StepRun, StepState, UndoState
from steadydesk.policies.plan import CHILD_ENDED, IN_DOUBT
from steadydesk.policies.request import (
    BeginFulfilment,
    OpenGate,
    ReturnLine,
    StartStep,
    UndoStep,
    next_move,
    roll_up,
    telling_phase,
)
from tests.support.random_plans import KINDS, plans
from tests.support.request_player import Player, player
from tests.support.requests import NOW, automated, line, manual, process, stage

STAGES = {"first": stage(), "second": stage()}
MOST_EVENTS = 250

random_stories = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def play(played: Player, data: st.DataObject, cancel_after: int | None = None) -> None:
    """Let anything that can happen happen, in any order, until the order is closed."""
    played.rest()
    for count in range(MOST_EVENTS):
        if count == cancel_after:
            played.cancel()
            played.rest()
        events = list(played.events())
        if played.process.closed_at is not None:
            assert not events, [name for name, _ in events]
            return
        assert events, "it waits for nobody"
        # A requester who resubmits for ever would never come to an end, and should not.
        resubmits = sum(each.round for each in played.process.lines) > 6
        chosen = [event for event in events if not (resubmits and event[0].startswith("reject"))]
        _, happen = data.draw(st.sampled_from(chosen), label="event")
        happen()
        played.rest()
    raise AssertionError("it does not end")


def check_ended(played: Player) -> None:
    assert set(played.started.values()) <= {1}
    for each in played.process.lines:
        assert each.closed_at is not None
        assert not [key for key, run in each.steps.items() if run.state not in ended()]
        if each.phase in (Phase.COMPLETE, Phase.SKIPPED):
            states = {run.state for run in each.steps.values()}
            assert states <= {StepState.DONE, StepState.SKIPPED}
            assert (each.phase is Phase.SKIPPED) == (states == {StepState.SKIPPED})
            assert each.steps.keys() == played.plan(each).steps.keys()
            assert not any(run.undo for run in each.steps.values())
        else:
            check_undone(played, each)


def ended() -> set[StepState]:
    return {StepState.DONE, StepState.SKIPPED, StepState.FAILED, StepState.STOPPED}


def check_undone(played: Player, each: Line) -> None:
    """Everything that may stand outside was taken back, or declared to stay, in reverse order of ending."""
    for key, run in each.steps.items():
        kind = played.plan(each).steps[key].kind
        effect = kind in (StepKind.MANUAL, StepKind.CONNECTOR, StepKind.REQUEST)
        in_doubt = run.problem in IN_DOUBT and kind is StepKind.CONNECTOR
        may_be_open = run.child is not None and not (run.problem or "").startswith(CHILD_ENDED)
        stood = effect and (run.state is StepState.DONE or in_doubt or may_be_open)
        final = (UndoState.NOT_NEEDED, UndoState.DONE, UndoState.LEFT)
        assert (run.undo in final) == stood, (key, run.state, run.problem, run.undo)
    orders = [order for number, order in played.undone if number == each.number]
    assert all(later <= earlier for earlier, later in pairwise(orders))


@random_stories
@given(plans(), st.booleans(), st.integers(1, 2), st.sets(st.integers(0, 11), max_size=3), st.data())
def test_any_plan_ends_whatever_happens(
    steps: dict[str, dict[str, Any]], approved: bool, lines: int, skipped: set[int], data: st.DataObject
) -> None:
    played = player(
        steps,
        stages=STAGES if approved else None,
        policy={"mode": data.draw(st.sampled_from(["sequence", "parallel"])), "on_rejection": "return"},
        lines=lines,
        skipped=frozenset(f"s{place}" for place in skipped),
    )
    play(played, data)
    check_ended(played)


@random_stories
@given(plans(kinds=KINDS), st.integers(0, 14), st.data())
def test_cancelled_at_any_moment_everything_is_taken_back_or_given_to_one_person(
    steps: dict[str, dict[str, Any]], moment: int, data: st.DataObject
) -> None:
    played = player(steps, stages=STAGES)
    play(played, data, cancel_after=moment)
    check_ended(played)
    for each in played.process.lines:
        tasks = [run.undo_task.number for run in each.steps.values() if run.undo_task is not None]
        assert len(tasks) == len(set(tasks))
        assert not [
            run for run in each.steps.values() if run.undo_task is None and run.undo is UndoState.LEFT
        ]
    assert played.process.state is not RequestState.IN_PROCESS


def test_a_sequence_opens_one_stage_after_the_other_and_parallel_all() -> None:
    for mode, expected in (("sequence", 1), ("parallel", 2)):
        played = player({}, stages=STAGES, policy={"mode": mode})
        played.rest()
        assert len(played.process.gates) == expected
    played = player({}, stages=STAGES)
    played.rest()
    played.process.gates["REQ0000001-G1"].state = GateState.APPROVED
    move = next_move(played.process, played.organisation, NOW)
    assert isinstance(move, OpenGate)
    assert move.stage == "second"


@pytest.mark.parametrize(
    ("state", "on_rejection", "phase"),
    [
        (GateState.REJECTED, "close", Phase.REJECTED),
        (GateState.REJECTED, "return", Phase.RETURNED),
        (GateState.CANCELLED, "return", Phase.REJECTED),
        (GateState.EXPIRED, "close", Phase.REJECTED),
    ],
)
def test_how_a_refused_round_ends(state: GateState, on_rejection: str, phase: Phase) -> None:
    played = player({}, stages=STAGES, policy={"on_rejection": on_rejection})
    played.rest()
    played.process.gates["REQ0000001-G1"].state = state
    played.rest()
    assert played.process.lines[0].phase is phase


def test_a_voided_gate_does_not_decide_the_next_round() -> None:
    played = player({}, stages={"first": stage()})
    played.rest()
    played.process.gates["REQ0000001-G1"].state = GateState.VOIDED
    move = next_move(played.process, played.organisation, NOW)
    assert isinstance(move, OpenGate)


def test_a_plan_for_an_effective_date_waits_for_it() -> None:
    played = player({"one": manual()}, plan={"starts": "effective-date", "steps": {"one": manual()}})
    played.process.lines[0].effective_at = NOW + timedelta(days=3)
    played.rest()
    assert played.process.lines[0].phase is Phase.FULFILMENT
    assert (
        next_move(played.process, played.organisation, NOW + timedelta(days=3) - timedelta(seconds=1)) is None
    )
    assert isinstance(next_move(played.process, played.organisation, NOW + timedelta(days=3)), StartStep)


def test_nothing_is_undone_while_a_step_is_still_running() -> None:
    played = player({"one": automated(), "two": automated()})
    played.rest()
    first = played.process.lines[0]
    played.end(first, "one", StepState.DONE)
    played.cancel()
    assert next_move(played.process, played.organisation, NOW) is None
    played.end(first, "two", StepState.DONE)
    played.rest()
    assert first.steps["two"].undo is UndoState.RUNNING
    assert first.steps["one"].undo is None


def test_an_item_without_approval_goes_straight_to_its_plan() -> None:
    ordered = process(line(phase=Phase.APPROVAL))
    assert isinstance(next_move(ordered, player({}).organisation, NOW), BeginFulfilment)


@pytest.mark.parametrize(
    ("phases", "state"),
    [
        ([Phase.COMPLETE], RequestState.CLOSED_COMPLETE),
        ([Phase.COMPLETE, Phase.CANCELLED], RequestState.CLOSED_COMPLETE),
        ([Phase.COMPLETE, Phase.REJECTED], RequestState.CLOSED_INCOMPLETE),
        ([Phase.INCOMPLETE, Phase.CANCELLED], RequestState.CLOSED_INCOMPLETE),
        ([Phase.CANCELLED, Phase.CANCELLED], RequestState.CANCELLED),
        ([Phase.SKIPPED, Phase.CANCELLED], RequestState.CLOSED_SKIPPED),
        ([Phase.SKIPPED, Phase.COMPLETE], RequestState.CLOSED_COMPLETE),
    ],
)
def test_the_order_rolls_up_its_lines(phases: list[Phase], state: RequestState) -> None:
    lines = [line(number=f"RITM{place}", phase=phase) for place, phase in enumerate(phases)]
    assert roll_up(process(*lines)) is state


def test_a_line_that_is_given_back_is_returned_when_all_is_undone() -> None:
    played = player({"one": automated()})
    played.rest()
    of = played.process.lines[0]
    of.phase, of.returning, of.close_code = Phase.UNDOING, True, "returned"
    of.steps["one"] = StepRun(state=StepState.DONE, order=1)
    move = next_move(played.process, played.organisation, NOW)
    assert isinstance(move, UndoStep)
    of.steps["one"].undo = UndoState.RUNNING
    assert next_move(played.process, played.organisation, NOW) is None
    of.steps["one"].undo = UndoState.LEFT
    assert isinstance(next_move(played.process, played.organisation, NOW), ReturnLine)


@pytest.mark.parametrize(
    ("phases", "tells"),
    [
        ([Phase.FULFILMENT, Phase.RETURNED, Phase.UNDOING], Phase.RETURNED),
        ([Phase.APPROVAL, Phase.UNDOING], Phase.UNDOING),
        ([Phase.FULFILMENT, Phase.APPROVAL], Phase.APPROVAL),
        ([Phase.FULFILMENT, Phase.PENDING], Phase.PENDING),
        ([Phase.COMPLETE, Phase.FULFILMENT], Phase.FULFILMENT),
        ([Phase.RECEIVED], Phase.RECEIVED),
        ([Phase.COMPLETE, Phase.CANCELLED], RequestState.OPEN),
    ],
)
def test_an_order_tells_the_phase_of_the_line_that_matters_most(
    phases: list[Phase], tells: Phase | RequestState
) -> None:
    lines = [line(f"RITM000000{count}", phase=phase) for count, phase in enumerate(phases, start=1)]
    assert telling_phase(process(*lines)) is tells


def test_every_open_phase_can_be_told() -> None:
    for phase in Phase:
        if not phase.is_closed:
            assert telling_phase(process(line(phase=phase))) is phase
