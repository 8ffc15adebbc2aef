"""Every wait explains itself: for whom, since when, until when, and what happens then."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.portal.words import words_in
from steadydesk.contracts.agenda import Waiting, WaitingKind
from steadydesk.contracts.gate import Ballot, Decision, Question
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import RequestProcess, StepRun, StepState, TaskPurpose, TaskRun, UndoState
from steadydesk.contracts.survey import SurveyState
from steadydesk.policies.alarms import alarms
from steadydesk.policies.waiting import explain, explain_opening
from steadydesk.policies.waiting_gate import MOST_ESCALATIONS
from tests.support.random_plans import plans
from tests.support.request_player import Player, player
from tests.support.requests import NOW, automated, eligible, manual, person, resolved, stage

LATER = NOW + timedelta(days=1)
STEPS: dict[str, dict[str, Any]] = {
    "hand": manual(),
    "call": automated(),
    "ask": {"kind": "approval", "label": "Approval", "policy": "capacity"},
    "date": {"kind": "wait", "label": "Wait", "until": {"value": "2026-03-10"}},
    "child": {"kind": "request", "label": "Request", "item": "item"},
}


def explained(played: Player) -> list[Waiting]:
    return explain(played.process, played.organisation, resolved(played.organisation).calendars, played.now)


def with_step(key: str, run: StepRun, phase: Phase = Phase.FULFILMENT, **more: Any) -> list[Waiting]:
    """What a line waits for that has only this step under way."""
    played = player(STEPS)
    of = played.process.lines[0]
    of.phase, of.steps = phase, {key: run}
    played.process = played.process.model_copy(update=more)
    return explained(played)


def task(purpose: TaskPurpose = TaskPurpose.STEP, **more: Any) -> TaskRun:
    return TaskRun(number="SCTASK0000001", purpose=purpose, group="desk", opened_at=NOW, **more)


ASKED = Question(asked_by=person("ingo"), asked_at=NOW, until=LATER)

STEP_WAITS: list[tuple[str, StepRun, WaitingKind, str]] = [
    ("hand", StepRun(state=StepState.OPEN, task=task()), WaitingKind.TASK, "group desk"),
    ("hand", StepRun(state=StepState.OPEN, task=task(question=ASKED)), WaitingKind.REQUESTER, "requester"),
    (
        "hand",
        StepRun(state=StepState.DECIDING, task=task(TaskPurpose.DECIDE)),
        WaitingKind.DECISION,
        "group desk",
    ),
    ("call", StepRun(state=StepState.RUNNING), WaitingKind.CONNECTOR, "connector remote"),
    ("date", StepRun(state=StepState.OPEN, wake_at=LATER), WaitingKind.DATE, "the calendar"),
    ("child", StepRun(state=StepState.RUNNING, child="REQ2"), WaitingKind.CHILD, "request REQ2"),
    ("child", StepRun(state=StepState.OPEN, child="REQ2"), WaitingKind.CHILD, "request REQ2"),
    ("call", StepRun(state=StepState.DONE, undo=UndoState.RUNNING), WaitingKind.UNDO, "connector remote"),
    (
        "hand",
        StepRun(state=StepState.DONE, undo=UndoState.OPEN, undo_task=task(TaskPurpose.UNDO)),
        WaitingKind.TASK,
        "group desk",
    ),
]


@pytest.mark.parametrize(("key", "run", "kind", "whom"), STEP_WAITS)
def test_each_state_of_a_step_that_waits(key: str, run: StepRun, kind: WaitingKind, whom: str) -> None:
    phase = Phase.UNDOING if run.undo else Phase.FULFILMENT
    [found] = with_step(key, run, phase)
    assert (found.kind, found.whom) == (kind, whom)
    assert found.since
    assert found.then
    assert bool(found.people) == (whom == "requester")


def test_the_table_of_steps_is_complete() -> None:
    """A state that is added must be added here, with its explanation."""
    waiting = {run.state for _, run, _, _ in STEP_WAITS if run.undo is None}
    assert waiting == {state for state in StepState if not state.has_ended} - {StepState.PENDING}
    undoing = {run.undo for _, run, _, _ in STEP_WAITS} - {None}
    assert undoing == set(UndoState) - {UndoState.NOT_NEEDED, UndoState.DONE, UndoState.LEFT}


def test_a_running_step_of_a_line_that_is_taken_back_is_awaited_and_undone() -> None:
    [ahead] = with_step("call", StepRun(state=StepState.RUNNING))
    [back] = with_step("call", StepRun(state=StepState.RUNNING), Phase.UNDOING)
    assert ahead.then == "it is retried, then handled as the plan says for a failure"
    assert back.then == "the line is being taken back: its outcome is awaited, then it is undone"
    for said in (ahead.then, back.then):
        assert words_in("de").phrase(said) != said


def test_a_gate_names_its_approvers_and_when_it_expires() -> None:
    played = player({}, stages={"first": stage(rule={"count": 2}, on_expiry="escalate")})
    played.rest()
    opened = played.process.gates["REQ0000001-G1"]
    opened.eligible = [*eligible("ann", "ben"), opened.eligible[0].model_copy(update={"capacity": "added"})]
    [found] = explained(played)
    assert found.kind is WaitingKind.APPROVAL
    assert found.whom == "2 of added approver or group board"
    assert found.group == "board"
    assert found.people[0] == person("ann")
    assert found.until == NOW + timedelta(hours=16)
    assert found.then == "it goes one level up; where nobody is above, to the fallback group"


@pytest.mark.parametrize(
    ("escalations", "then"),
    [
        (0, "it goes one level up; where nobody is above, to the fallback group"),
        (MOST_ESCALATIONS - 1, "it goes one level up; where nobody is above, to the fallback group"),
        (MOST_ESCALATIONS, "the line is cancelled"),
    ],
)
def test_what_comes_after_the_last_escalation_is_its_outcome(escalations: int, then: str) -> None:
    played = player({}, stages={"first": stage(on_expiry="escalate", after_escalation="cancel")})
    played.rest()
    played.process.gates["REQ0000001-G1"].escalations = escalations
    assert explained(played)[0].then == then


def test_a_gate_waits_for_nobody_who_has_voted() -> None:
    played = player({}, stages={"first": stage(rule={"all": True})})
    played.rest()
    gate = played.process.gates["REQ0000001-G1"]
    gate.eligible = [*eligible("ann", "ben")]
    ann = gate.eligible[0].natural
    gate.ballots.append(Ballot(voter=person("zoe"), natural=ann, decision=Decision.APPROVED, seq=1, at=NOW))
    assert explained(played)[0].people == [person("ben")]


@pytest.mark.parametrize(
    ("rule", "whom"),
    [
        ({"any": True}, "group board"),
        ({"all": True}, "all of group board"),
        ({"percent": 66.5}, "66.5 % of group board"),
    ],
)
def test_the_rule_is_said_in_words(rule: dict[str, Any], whom: str) -> None:
    played = player({}, stages={"first": stage(rule=rule)})
    played.rest()
    assert explained(played)[0].whom == whom


def test_a_gate_with_nobody_says_so_and_still_ends() -> None:
    played = player({}, stages={"first": stage()})
    played.rest()
    played.process.gates["REQ0000001-G1"].eligible = []
    [found] = explained(played)
    assert found.whom == "nobody"
    assert found.until is not None


def test_a_question_at_a_gate_waits_for_the_requester() -> None:
    played = player({}, stages={"first": stage()})
    played.rest()
    played.process.gates["REQ0000001-G1"].question = ASKED
    [found] = explained(played)
    assert (found.kind, found.whom, found.until) == (WaitingKind.INFORMATION, "requester", LATER)
    assert found.people == [played.process.opened_by]


def test_a_returned_line_waits_for_its_requester() -> None:
    played = player({}, stages={"first": stage()})
    played.process.lines[0].phase = Phase.RETURNED
    [found] = explained(played)
    assert (found.kind, found.people) == (WaitingKind.RESUBMISSION, [person("rita")])


def test_a_plan_with_a_start_date_waits_for_it() -> None:
    played = player({}, plan={"starts": "effective-date", "steps": {"one": manual()}})
    played.process.lines[0].effective_at = LATER
    played.rest()
    [found] = explained(played)
    assert (found.kind, found.until) == (WaitingKind.DATE, LATER)


@pytest.mark.parametrize("survey", [SurveyState.WAITING, SurveyState.SENT])
def test_after_its_end_a_request_waits_for_the_survey(survey: SurveyState) -> None:
    played = player({})
    played.rest()
    assert explained(played) == []
    played.process.survey, played.process.survey_at = survey, LATER
    [found] = explained(played)
    assert (found.kind, found.until, found.since) == (WaitingKind.SURVEY, LATER, NOW)
    assert {*SurveyState} - {SurveyState.WAITING, SurveyState.SENT} == {SurveyState.NONE, SurveyState.ENDED}


def test_a_call_back_is_waited_for() -> None:
    played = player({})
    played.rest()
    played.process.call_back = task(TaskPurpose.CALL_BACK)
    [found] = explained(played)
    assert (found.kind, found.group) == (WaitingKind.TASK, "desk")


def parts_that_wait(of: RequestProcess) -> Iterator[str]:
    """The subject of everything that is under way, by the document alone."""
    for opened in of.gates.values():
        if opened.is_open:
            yield opened.id
    for each in of.lines:
        if each.phase is Phase.RETURNED:
            yield each.number
        for key, run in each.steps.items():
            yield from step_that_waits(run, f"{each.number}/{key}")


def step_that_waits(run: StepRun, place: str) -> Iterator[str]:
    if run.state is StepState.DECIDING or (run.state is StepState.OPEN and run.task):
        assert run.task is not None
        yield run.task.number
    elif run.state in (StepState.RUNNING, StepState.OPEN) and not run.gates:
        yield run.child or place
    if run.undo is UndoState.OPEN:
        assert run.undo_task is not None
        yield run.undo_task.number
    elif run.undo is UndoState.RUNNING:
        yield place


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plans(), st.integers(0, 20), st.data())
def test_whatever_has_happened_every_wait_is_explained_and_watched(
    steps: dict[str, dict[str, Any]], moment: int, data: st.DataObject
) -> None:
    played = player(steps, stages={"first": stage()}, policy={"on_rejection": "return"})
    calendars = resolved(played.organisation).calendars
    played.rest()
    for count in range(30):
        found = explain(played.process, played.organisation, calendars, played.now)
        assert (not found) == (played.process.closed_at is not None)
        # Several undos of a child's step and its own wait may name the same thing.
        assert {each.subject for each in found} == set(parts_that_wait(played.process))
        assert all(each.what and each.whom and each.then for each in found)
        ahead = alarms(played.process, played.organisation, calendars, played.now)
        for each in found:
            assert each.until is None or any(due.at <= each.until for due in ahead), each
        if not found:
            return
        if count == moment:
            played.cancel()
        else:
            data.draw(st.sampled_from(list(played.events())), label="event")[1]()
        played.rest()


def test_every_kind_of_wait_has_been_seen() -> None:
    """What a request itself waits for; a grant waits for its expiry."""
    of_steps = {kind for _, _, kind, _ in STEP_WAITS}
    others = {
        WaitingKind.APPROVAL,
        WaitingKind.INFORMATION,
        WaitingKind.RESUBMISSION,
        WaitingKind.SURVEY,
        WaitingKind.DATE,
        explain_opening("REQ0000001", NOW).kind,
    }
    assert of_steps | others == set(WaitingKind) - {WaitingKind.EXPIRY}
