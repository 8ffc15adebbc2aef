"""Where a request stands: its steps in their order, what it waits for, and what a cancellation would take back."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from api.portal.states import state_words
from api.portal.words import Words
from steadydesk.contracts.agenda import Waiting, WaitingKind
from steadydesk.contracts.gate import GateState
from steadydesk.contracts.language import in_language
from steadydesk.contracts.plan import Plan, Step
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line, StepRun, StepState, UndoState
from steadydesk.contracts.views import LineView, PersonRef
from steadydesk.policies.plan import to_undo
from steadydesk.records.grants import GrantView
from steadydesk.records.views.request_page import RequestContent

DONE, NOW, AHEAD, FAILED, LEFT_OUT = "done", "now", "ahead", "failed", "left"
_STEP_MARKS = {
    StepState.PENDING: AHEAD,
    StepState.RUNNING: NOW,
    StepState.OPEN: NOW,
    StepState.DECIDING: NOW,
    StepState.DONE: DONE,
    StepState.SKIPPED: LEFT_OUT,
    StepState.FAILED: FAILED,
    StepState.STOPPED: LEFT_OUT,
}
_UNDO_MARKS = {UndoState.RUNNING: NOW, UndoState.OPEN: NOW, UndoState.DONE: LEFT_OUT}
_GATE_MARKS = {"requested": NOW, "approved": DONE, "rejected": FAILED, "expired": FAILED}
_BEFORE_PLAN = frozenset({Phase.RECEIVED, Phase.APPROVAL})
_ENDED_WELL = frozenset({Phase.COMPLETE, Phase.SKIPPED})
_OF_REQUESTER = frozenset(
    {WaitingKind.REQUESTER, WaitingKind.INFORMATION, WaitingKind.RESUBMISSION, WaitingKind.SURVEY}
)


@dataclass(frozen=True)
class Mark:
    """A step on the line: its label, and done, now, ahead, failed or left."""

    label: str
    state: str
    at: datetime | None = None


@dataclass(frozen=True)
class Wait:
    """One thing that is waited for, in the reader's language."""

    kind: str
    subject: str
    what: str
    whom: str
    people: list[PersonRef]
    since: datetime
    until: datetime | None
    then: str


@dataclass(frozen=True)
class TakenBack:
    """A step that a cancellation undoes: by a system, by a group's task, or not at all, with the reason."""

    label: str
    way: str
    words: str


def marks_of(content: RequestContent, line: LineView, words: Words) -> list[Mark]:
    """From its receipt to its end, with where it is now and what is still ahead."""
    run = content.process.line(line.number)
    marks = [Mark(words("step.received"), DONE, line.opened_at), *_approvals(content, run, words)]
    if run.phase is Phase.RETURNED:
        marks.append(Mark(state_words(line, words, content.organisation), NOW))
        marks += _stages(content, run, run.stages, AHEAD, words)
    return [*marks, *_plan(content, run, words), _end(content, line, run, words)]


def waits_of(content: RequestContent, waiting: list[Waiting], words: Words) -> list[Wait]:
    return [_wait(content, each, words) for each in waiting]


def asks_requester(waiting: list[Waiting]) -> bool:
    """Whether somebody waits for an answer of the requester in words."""
    return any(each.kind in (WaitingKind.REQUESTER, WaitingKind.INFORMATION) for each in waiting)


def taken_back(content: RequestContent, line: LineView, words: Words) -> list[TakenBack]:
    """What a cancellation of the line would undo, in the order in which it would."""
    run = content.process.line(line.number)
    plan = _plan_of(content, run)
    if run.phase.is_closed:
        return []
    return [_way_back(content, plan.steps[key], words) for key in to_undo(plan, run)]


def revoked_by(content: RequestContent, grant: GrantView, words: Words) -> list[TakenBack]:
    """What the end of a grant takes back, and how: the step that gave it."""
    run = content.process.line(grant.line)
    plan = _plan_of(content, run)
    given = [key for key, step in run.steps.items() if step.grant == grant.number]
    return [_way_back(content, plan.steps[key], words) for key in given if key in plan.steps]


def running_steps(content: RequestContent, line: LineView, words: Words) -> list[str]:
    """What a cancellation would stop: open tasks and automated steps under way."""
    run = content.process.line(line.number)
    plan = _plan_of(content, run)
    return [
        in_language(step.label, words.language)
        for key, step in plan.steps.items()
        if run.steps.get(key, StepRun()).state in (StepState.RUNNING, StepState.OPEN, StepState.DECIDING)
    ]


def _approvals(content: RequestContent, run: Line, words: Words) -> Iterator[Mark]:
    """The gates of the present round, then the stages that it needs and has not asked yet."""
    gates = {gate.id: gate for gate in content.process.gates_of(run)}
    for approval in content.view.approvals:
        if approval.id in gates:
            yield Mark(approval.label, _GATE_MARKS.get(approval.state, LEFT_OUT), approval.closed_at)
    asked = {gate.stage for gate in gates.values() if gate.state is not GateState.VOIDED}
    mark = AHEAD if run.phase in _BEFORE_PLAN else LEFT_OUT
    yield from _stages(content, run, [key for key in run.stages if key not in asked], mark, words)


def _stages(
    content: RequestContent, run: Line, keys: Iterable[str], mark: str, words: Words
) -> Iterator[Mark]:
    item = content.organisation.catalog.get(run.item)
    policy = content.organisation.approval_policies.get(item.approval) if item and item.approval else None
    for key in keys:
        if policy is not None and key in policy.stages:
            yield Mark(in_language(policy.stages[key].label, words.language), mark)


def _plan(content: RequestContent, run: Line, words: Words) -> Iterator[Mark]:
    """What is ahead is left out once the line ends or is taken back; a returned line begins all of it anew."""
    ending = run.phase.is_closed or run.phase is Phase.UNDOING
    for key, step in _plan_of(content, run).steps.items():
        at = StepRun() if run.phase is Phase.RETURNED else run.steps.get(key, StepRun())
        yield Mark(in_language(step.label, words.language), _mark_of(at, ending=ending), at.ended_at)


def _mark_of(at: StepRun, *, ending: bool) -> str:
    """What is being taken back is under way, and what was is not done any more."""
    back = _UNDO_MARKS.get(at.undo) if at.undo else None
    if back is not None:
        return back
    mark = _STEP_MARKS[at.state]
    return LEFT_OUT if ending and mark in (AHEAD, NOW) else mark


def _end(content: RequestContent, line: LineView, run: Line, words: Words) -> Mark:
    if run.phase is Phase.UNDOING:
        return Mark(state_words(line, words, content.organisation), NOW)
    if not run.phase.is_closed:
        return Mark(words("step.done"), AHEAD)
    mark = DONE if run.phase in _ENDED_WELL else FAILED
    return Mark(state_words(line, words, content.organisation), mark, line.closed_at)


def _plan_of(content: RequestContent, run: Line) -> Plan:
    item = content.organisation.catalog.get(run.item)
    return item.plan if item else Plan()


def _wait(content: RequestContent, waiting: Waiting, words: Words) -> Wait:
    people = [content.names.of(person) for person in waiting.people]
    if waiting.kind in _OF_REQUESTER and not people and waiting.whom == "requester":
        people = [content.names.of(person) for person in content.process.answering()]
    whom = content.names.group(waiting.group) if waiting.group else words.phrase(waiting.whom)
    return Wait(
        kind=waiting.kind.value,
        subject=waiting.subject,
        what=what_of(waiting, words),
        whom=whom,
        people=people,
        since=waiting.since,
        until=waiting.until,
        then=words.phrase(waiting.then),
    )


def what_of(waiting: Waiting, words: Words) -> str:
    """What is waited for, with the organisation's own name of it."""
    label = in_language(waiting.label, words.language) if waiting.label else None
    return words.phrase(waiting.what, **({"label": label} if label else {}))


def label_of(content: RequestContent, subject: str, language: str) -> str | None:
    """The name of an approval, task or step (``RITM…/key``) in the reader's language."""
    gates = {approval.id: approval.label for approval in content.view.approvals}
    tasks = {task.number: task.short_description for task in content.view.tasks}
    line_number, _, key = subject.partition("/")
    plans = {line.number: _plan_of(content, line) for line in content.process.lines}
    step = plans[line_number].steps.get(key) if line_number in plans else None
    return gates.get(subject) or tasks.get(subject) or (in_language(step.label, language) if step else None)


def _way_back(content: RequestContent, step: Step, words: Words) -> TakenBack:
    label = in_language(step.label, words.language)
    undo = step.undo
    if undo is not None and undo.nothing is not None:
        return TakenBack(label, "stays", in_language(undo.nothing, words.language))
    if undo is not None and undo.call is not None:
        return TakenBack(label, "system", words("undo.system"))
    if step.item is not None:
        return TakenBack(label, "system", words("undo.child"))
    group = (undo.group if undo else None) or step.group
    return TakenBack(label, "person", words("undo.person", group=content.names.group(group)))
