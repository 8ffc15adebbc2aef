"""Why a request waits: for whom, since when, until when, and what happens then. Every wait has an answer here."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from steadydesk.contracts.agenda import Waiting, WaitingKind
from steadydesk.contracts.calendar import Calendar
from steadydesk.contracts.language import LocalisedText, in_language
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.plan import Step, StepKind
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import (
    Line,
    RequestProcess,
    StepRun,
    StepState,
    TaskPurpose,
    TaskRun,
    UndoState,
)
from steadydesk.contracts.survey import SurveyState
from steadydesk.policies.request import starts_at
from steadydesk.policies.waiting_gate import explain_gate

CALL_BACK: LocalisedText = {"en": "Call the customer back", "de": "Kunden zurückrufen"}
"""The task that a low score opens; no plan has it."""

_WORK = {
    TaskPurpose.DECIDE: "a decision on the failed step '{}'",
    TaskPurpose.UNDO: "the undo of '{}'",
}

_RETRIED = "it is retried, then handled as the plan says for a failure"
_TAKEN_BACK = "the line is being taken back: its outcome is awaited, then it is undone"


def explain(
    process: RequestProcess, organisation: Organisation, calendars: Mapping[str, Calendar], now: datetime
) -> list[Waiting]:
    """What the order waits for; empty only when its process has ended."""
    found = [
        waiting
        for line in process.lines
        if line.is_open
        for waiting in _line(process, organisation, calendars, line, now)
    ]
    return [*found, *_afterwards(process)]


def explain_opening(number: str, reserved_at: datetime) -> Waiting:
    """What an order waits for that has its number, until its process takes it up."""
    return Waiting(
        kind=WaitingKind.OPENING,
        subject=number,
        what="the opening of the order",
        whom="Temporal and a worker",
        since=reserved_at,
        then="its approval or its plan begins; what was not taken up is sent again until it is",
    )


def _line(
    process: RequestProcess,
    organisation: Organisation,
    calendars: Mapping[str, Calendar],
    line: Line,
    now: datetime,
) -> Iterator[Waiting]:
    for gate in process.gates.values():
        if gate.line == line.number and gate.is_open:
            yield explain_gate(organisation, calendars, gate, process.answering(), now)
    if line.phase is Phase.RETURNED:
        yield Waiting(
            kind=WaitingKind.RESUBMISSION,
            subject=line.number,
            what="a change and resubmission, or a cancellation",
            whom="requester",
            people=process.answering(),
            since=line.held_since or process.updated_at,
            until=line.return_until,
            then=f"it is {'cancelled' if line.recalled else 'closed as refused'}; "
            "a resubmission before that starts the approval anew",
        )
    if line.phase is Phase.FULFILMENT and (start := starts_at(organisation, line, now)) > now:
        yield Waiting(
            kind=WaitingKind.DATE,
            subject=line.number,
            what="its effective date",
            whom="the calendar",
            since=line.held_since or process.opened_at,
            until=start,
            then="the plan starts",
        )
    yield from _extension(process, line)
    for key, run in line.steps.items():
        yield from _step(organisation, process, line, key, run)


def _step(
    organisation: Organisation, process: RequestProcess, line: Line, key: str, run: StepRun
) -> Iterator[Waiting]:
    step = organisation.catalog[line.item].plan.steps[key]
    label = step.label
    for task in (run.task, run.undo_task):
        if task is not None and task.is_open:
            yield _task(task, label, process.answering())
    since = run.started_at or process.opened_at
    subject = f"{line.number}/{key}"
    if run.state is StepState.RUNNING and step.call is not None:
        yield Waiting(
            kind=WaitingKind.CONNECTOR,
            subject=subject,
            what=f"the automated step '{in_language(label)}'",
            label=label,
            whom=f"connector {step.call.connector}",
            since=since,
            then=_TAKEN_BACK if line.phase is Phase.UNDOING else _RETRIED,
        )
    if step.kind is StepKind.REQUEST and run.state in (StepState.RUNNING, StepState.OPEN):
        yield _child(run, subject, label, since)
    if step.kind is StepKind.WAIT and run.state is StepState.OPEN:
        yield _date(run, subject, label, since)
    if run.undo is UndoState.RUNNING:
        yield _undo(step, subject, label, line.held_since or since)


def _extension(process: RequestProcess, line: Line) -> Iterator[Waiting]:
    if line.extends is not None and line.phase in (Phase.FULFILMENT, Phase.PENDING):
        yield Waiting(
            kind=WaitingKind.CHILD,
            subject=line.extends,
            what=f"the extension of {line.extends}",
            whom="its process",
            since=line.held_since or process.updated_at,
            then="it ends as the grant says",
        )


def _child(run: StepRun, subject: str, label: LocalisedText, since: datetime) -> Waiting:
    return Waiting(
        kind=WaitingKind.CHILD,
        subject=run.child or subject,
        what=f"the request '{in_language(label)}'",
        label=label,
        whom=f"request {run.child}" if run.child else "its number",
        since=since,
        then="the step ends as the request ends",
    )


def _date(run: StepRun, subject: str, label: LocalisedText, since: datetime) -> Waiting:
    return Waiting(
        kind=WaitingKind.DATE,
        subject=subject,
        what=f"the date of '{in_language(label)}'",
        label=label,
        whom="the calendar",
        since=since,
        until=run.wake_at,
        then="the next steps start",
    )


def _undo(step: Step, subject: str, label: LocalisedText, since: datetime) -> Waiting:
    call = step.undo.call if step.undo else None
    return Waiting(
        kind=WaitingKind.UNDO,
        subject=subject,
        what=f"the undo of '{in_language(label)}'",
        label=label,
        whom=f"connector {call.connector}" if call else "its way back",
        since=since,
        then="what cannot be undone becomes a person's task",
    )


def _task(task: TaskRun, label: LocalisedText, answering: list[str]) -> Waiting:
    words = in_language(label)
    if task.question is not None:
        return Waiting(
            kind=WaitingKind.REQUESTER,
            subject=task.number,
            what=f"an answer for the task '{words}'",
            label=label,
            whom="requester",
            people=answering,
            since=task.question.asked_at,
            until=task.question.until,
            then="a reminder; without an answer the task is closed incomplete at the end",
        )
    decides = task.purpose is TaskPurpose.DECIDE
    return Waiting(
        kind=WaitingKind.DECISION if decides else WaitingKind.TASK,
        subject=task.number,
        what=_WORK.get(task.purpose, "the task '{}'").format(words),
        label=label,
        whom=f"group {task.group}",
        people=[task.assigned_to] if task.assigned_to else [],
        group=task.group,
        since=task.opened_at,
        until=task.ends_at if task.overdue else task.due_at,
        then=_after_task(task, decides=decides),
    )


def _after_task(task: TaskRun, *, decides: bool) -> str:
    if decides:
        failed = "the step has failed, and what was done is taken back"
        return failed if task.overdue else f"who answers for the group is told; as long again, then {failed}"
    if not task.overdue:
        return "the group and who answers for it are told; as long again, then the owners of the process"
    return "the owners of the process are told" if task.ends_at else "it stays overdue until somebody ends it"


def _afterwards(process: RequestProcess) -> Iterator[Waiting]:
    if process.closed_at is None:
        return
    if process.call_back is not None and process.call_back.is_open:
        yield _task(process.call_back, CALL_BACK, process.answering())
    if process.survey in (SurveyState.WAITING, SurveyState.SENT):
        sent = process.survey is SurveyState.SENT
        yield Waiting(
            kind=WaitingKind.SURVEY,
            subject=process.number,
            what="the answer to the survey" if sent else "the end of the reopen window",
            whom="requester" if sent else "the calendar",
            people=[process.opened_by] if sent else [],
            since=process.closed_at,
            until=process.survey_at,
            then="the process ends" if sent else "a survey is sent",
        )
