"""Every date on which a request does something by itself, and no other."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from steadydesk.contracts.gate import GateState, Question
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import StepRun, StepState, TaskPurpose, TaskRun, TaskState
from steadydesk.contracts.sla import TargetKind
from steadydesk.contracts.survey import SurveyState
from steadydesk.policies import sla_steps
from steadydesk.policies.alarms import AlarmKind, Due, alarms, summary
from tests.support.request_player import Player, player
from tests.support.requests import NOW, clock, manual, person, resolved, stage

HOUR = timedelta(hours=1)
QUESTION = Question(asked_by=person("ann"), asked_at=NOW, until=NOW + 3 * HOUR)


def due(played: Player, now: datetime = NOW) -> list[Due]:
    return alarms(played.process, played.organisation, resolved(played.organisation).calendars, now)


def kinds(played: Player, now: datetime = NOW) -> list[tuple[AlarmKind, datetime]]:
    return [(each.kind, each.at) for each in due(played, now)]


def with_gate(**more: Any) -> Player:
    played = player({}, stages={"first": stage()})
    played.rest()
    gate = played.process.gates["REQ0000001-G1"]
    gate.clock = sla_steps.start(TargetKind.APPROVAL, 16 * HOUR, "always", NOW, thresholds=(50, 75, 100))
    played.process.gates[gate.id] = gate.model_copy(update=more)
    return played


def with_task(purpose: TaskPurpose = TaskPurpose.STEP, **more: Any) -> Player:
    played = player({"one": manual()})
    played.rest()
    task = TaskRun(number="SCTASK1", purpose=purpose, group="desk", opened_at=NOW, **more)
    played.process.lines[0].steps["one"] = StepRun(state=StepState.OPEN, task=task)
    played.process.lines[0].clock = sla_steps.pause(clock(), NOW)
    return played


def test_the_next_threshold_of_a_gate_and_of_the_promise() -> None:
    assert kinds(with_gate()) == [
        (AlarmKind.GATE_CLOCK, NOW + 8 * HOUR),
        (AlarmKind.PROMISE_CLOCK, NOW + 30 * HOUR),
    ]


@pytest.mark.parametrize("state", [state for state in GateState if state is not GateState.REQUESTED])
def test_a_gate_that_has_ended_rings_no_more(state: GateState) -> None:
    assert [kind for kind, _ in kinds(with_gate(state=state))] == [AlarmKind.PROMISE_CLOCK]


def test_a_question_rests_the_clock_of_its_gate_and_has_a_limit() -> None:
    played = with_gate(question=QUESTION)
    gate = played.process.gates["REQ0000001-G1"]
    gate.clock = sla_steps.pause(gate.clock, NOW)
    assert kinds(played)[0] == (AlarmKind.QUESTION_LIMIT, QUESTION.until)
    assert AlarmKind.GATE_CLOCK not in dict(kinds(played))


def test_a_returned_line_rings_only_when_its_clock_runs() -> None:
    played = with_task()
    assert kinds(played) == []
    played.process.lines[0].phase = Phase.CANCELLED
    played.process.lines[0].clock = clock()
    assert kinds(played) == []


@pytest.mark.parametrize("purpose", TaskPurpose)
def test_the_dates_of_a_task(purpose: TaskPurpose) -> None:
    assert kinds(with_task(purpose, due_at=NOW + HOUR)) == [(AlarmKind.TASK_DUE, NOW + HOUR)]
    assert kinds(with_task(purpose, due_at=NOW + HOUR, overdue=True)) == []
    assert kinds(with_task(purpose, due_at=NOW + HOUR, question=QUESTION)) == [
        (AlarmKind.FOLLOW_UP, QUESTION.until)
    ]
    assert kinds(with_task(purpose, due_at=NOW + HOUR, state=TaskState.CLOSED_COMPLETE)) == []


def test_a_decision_has_a_reminder_a_due_date_and_an_end() -> None:
    dates = {"remind_at": NOW + HOUR, "due_at": NOW + 2 * HOUR}
    assert kinds(with_task(TaskPurpose.DECIDE, **dates)) == [
        (AlarmKind.TASK_REMINDER, NOW + HOUR),
        (AlarmKind.TASK_DUE, NOW + 2 * HOUR),
    ]
    overdue = with_task(TaskPurpose.DECIDE, due_at=NOW, overdue=True, ends_at=NOW + 2 * HOUR)
    assert kinds(overdue) == [(AlarmKind.TASK_END, NOW + 2 * HOUR)]


def test_an_undo_task_and_a_call_back_have_their_dates_too() -> None:
    played = with_task(due_at=NOW + HOUR)
    run = played.process.lines[0].steps["one"]
    run.undo_task, run.task = run.task, None
    assert [each.subject for each in due(played)] == ["SCTASK1"]
    played.process.call_back, run.undo_task = run.undo_task, None
    [found] = due(played)
    assert (found.kind, found.line) == (AlarmKind.TASK_DUE, None)


def test_a_step_wakes_on_its_date_and_a_plan_starts_on_its_own() -> None:
    played = with_task()
    played.process.lines[0].steps["one"] = StepRun(state=StepState.OPEN, wake_at=NOW + HOUR)
    [found] = due(played)
    assert (found.kind, found.at, found.step) == (AlarmKind.STEP_DATE, NOW + HOUR, "one")
    assert summary(found) == "date that a step waits for: one"
    later = player({}, plan={"starts": "effective-date", "steps": {"one": manual()}})
    later.process.lines[0].effective_at = NOW + HOUR
    later.rest()
    assert kinds(later)[0] == (AlarmKind.PLAN_START, NOW + HOUR)
    assert AlarmKind.PLAN_START not in dict(kinds(later, NOW + HOUR))


@pytest.mark.parametrize(
    ("survey", "rings"),
    [
        (SurveyState.NONE, False),
        (SurveyState.WAITING, True),
        (SurveyState.SENT, True),
        (SurveyState.ENDED, False),
    ],
)
def test_the_survey_rings_when_it_is_to_be_sent_or_over(survey: SurveyState, rings: bool) -> None:
    played = player({})
    played.rest()
    played.process.survey, played.process.survey_at = survey, NOW + HOUR
    assert kinds(played) == ([(AlarmKind.SURVEY, NOW + HOUR)] if rings else [])


def test_what_is_due_first_rings_first_and_what_is_past_still_rings() -> None:
    played = with_gate()
    played.process.survey, played.process.survey_at = SurveyState.SENT, NOW - HOUR
    found = due(played, NOW + 100 * HOUR)
    assert [each.at for each in found] == sorted(each.at for each in found)
    assert found[0].at == NOW - HOUR


def test_every_alarm_has_its_words() -> None:
    for kind in AlarmKind:
        assert summary(Due(NOW, kind, "REQ0000001")).endswith(": REQ0000001")
