"""What a request does by itself and when: every date in its document that something hangs on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from steadydesk.contracts.calendar import Calendar
from steadydesk.contracts.gate import Gate
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line, RequestProcess, StepRun, StepState, TaskRun
from steadydesk.contracts.survey import SurveyState
from steadydesk.policies.request import starts_at
from steadydesk.policies.sla_measure import next_threshold


class AlarmKind(StrEnum):
    GATE_CLOCK = "gate_clock"
    QUESTION_LIMIT = "question_limit"
    PROMISE_CLOCK = "promise_clock"
    FOLLOW_UP = "follow_up"
    TASK_REMINDER = "task_reminder"
    TASK_DUE = "task_due"
    TASK_END = "task_end"
    """The last date of an overdue task."""
    STEP_DATE = "step_date"
    PLAN_START = "plan_start"
    RESUBMISSION = "resubmission"
    SURVEY = "survey"


@dataclass(frozen=True)
class Due:
    """One date: what rings, for which gate, line, step or task."""

    at: datetime
    kind: AlarmKind
    subject: str
    line: str | None = None
    step: str | None = None
    percent: int | None = None


_WORDS = {
    AlarmKind.GATE_CLOCK: "approval reminder or expiry",
    AlarmKind.QUESTION_LIMIT: "limit of a question to the requester",
    AlarmKind.PROMISE_CLOCK: "warning or breach of the promise",
    AlarmKind.FOLLOW_UP: "follow-up of a question to the requester",
    AlarmKind.TASK_REMINDER: "reminder of a task",
    AlarmKind.TASK_DUE: "due date of a task",
    AlarmKind.TASK_END: "last date of an overdue task",
    AlarmKind.STEP_DATE: "date that a step waits for",
    AlarmKind.PLAN_START: "effective date",
    AlarmKind.RESUBMISSION: "reminder or end of the wait for a resubmission",
    AlarmKind.SURVEY: "survey",
}


def summary(due: Due) -> str:
    """What operators read at the timer."""
    return f"{_WORDS[due.kind]}: {due.step or due.subject}"


def alarms(
    process: RequestProcess, organisation: Organisation, calendars: Mapping[str, Calendar], now: datetime
) -> list[Due]:
    """Every date ahead or past due, the earliest first."""
    found = [
        *_gates(process, calendars, now),
        *(due for line in process.lines if line.is_open for due in _line(organisation, calendars, line, now)),
    ]
    if process.survey in (SurveyState.WAITING, SurveyState.SENT) and process.survey_at is not None:
        found.append(Due(process.survey_at, AlarmKind.SURVEY, process.number))
    if process.call_back is not None:
        found.extend(_task(process.call_back, None))
    return sorted(found, key=lambda due: (due.at, due.kind, due.subject, due.step or ""))


def _gates(process: RequestProcess, calendars: Mapping[str, Calendar], now: datetime) -> Iterator[Due]:
    for gate in process.gates.values():
        if gate.is_open:
            yield from _gate(gate, calendars, now)


def _gate(gate: Gate, calendars: Mapping[str, Calendar], now: datetime) -> Iterator[Due]:
    if gate.question is not None:
        yield Due(gate.question.until, AlarmKind.QUESTION_LIMIT, gate.id, gate.line)
    if threshold := next_threshold(gate.clock, calendars, now):
        yield Due(threshold[1], AlarmKind.GATE_CLOCK, gate.id, gate.line, percent=threshold[0])


def _line(
    organisation: Organisation, calendars: Mapping[str, Calendar], line: Line, now: datetime
) -> Iterator[Due]:
    if line.clock.stage.is_open and (threshold := next_threshold(line.clock, calendars, now)):
        yield Due(threshold[1], AlarmKind.PROMISE_CLOCK, line.number, line.number, percent=threshold[0])
    if line.phase is Phase.FULFILMENT and (start := starts_at(organisation, line, now)) > now:
        yield Due(start, AlarmKind.PLAN_START, line.number, line.number)
    if line.phase is Phase.RETURNED and line.return_until is not None:
        yield Due(_return_alarm(line, line.return_until), AlarmKind.RESUBMISSION, line.number, line.number)
    for key, run in line.steps.items():
        yield from _step(line, key, run)


def _return_alarm(line: Line, until: datetime) -> datetime:
    """Half-way a reminder, then the end."""
    if line.return_reminded or line.held_since is None:
        return until
    return line.held_since + (until - line.held_since) / 2


def _step(line: Line, key: str, run: StepRun) -> Iterator[Due]:
    if run.wake_at is not None and run.state in (StepState.OPEN, StepState.DONE):
        yield Due(run.wake_at, AlarmKind.STEP_DATE, line.number, line.number, key)
    for task in (run.task, run.undo_task):
        if task is not None:
            yield from _task(task, line, key)


def _task(task: TaskRun, line: Line | None, step: str | None = None) -> Iterator[Due]:
    if not task.is_open:
        return
    number = line.number if line else None
    if task.question is not None:
        yield Due(task.question.until, AlarmKind.FOLLOW_UP, task.number, number, step)
        return
    dates = {
        AlarmKind.TASK_REMINDER: task.remind_at,
        AlarmKind.TASK_DUE: None if task.overdue else task.due_at,
        AlarmKind.TASK_END: task.ends_at,
    }
    for kind, at in dates.items():
        if at is not None:
            yield Due(at, kind, task.number, number, step)
