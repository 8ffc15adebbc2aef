"""Questions to the requester: from an approver (the gate's clock rests) or a fulfiller (the task is pending)."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from activities.task_dates import defer
from activities.task_queue import close_task
from activities.work import RequestWork
from steadydesk.contracts.assertion import TextRef
from steadydesk.contracts.calendar import Calendar
from steadydesk.contracts.gate import Gate, Question
from steadydesk.contracts.request import Line, TaskPurpose, TaskRun, TaskState
from steadydesk.errors import InvalidInput, InvalidTransition, Problem
from steadydesk.policies import sla_steps as sla
from steadydesk.policies.calendar import (
    add_business_days,
    add_business_time,
    business_time_between,
    next_opening,
)

REMINDERS_AFTER_DAYS = 2
MOST_REMINDERS = 2
"""Two reminders, two business days apart; without an answer after the third span the task closes incomplete."""

LATEST_FOLLOW_UP = timedelta(days=60)
"""A question is not put off for longer: the promise rests until it is answered."""


def ask_for_gate(work: RequestWork, gate: Gate, text: TextRef | None) -> None:
    """The gate's clock rests until the answer, all questions of the gate together no longer than the policy's limit."""
    if gate.question is not None:
        raise InvalidTransition(f"{gate.id} already waits for an answer")
    policy = work.organisation.approval_policies[gate.policy]
    left = policy.stages[gate.stage].ask_limit - gate.asked_for
    if left <= timedelta(0):
        raise InvalidTransition(f"{gate.id} has used its time for questions; decide on what is known")
    until = add_business_time(work.calendars[policy.calendar], work.at, left)
    gate.question = Question(asked_by=work.actor.person, text=text, asked_at=work.at, until=until)
    gate.clock = sla.pause(gate.clock, work.at, "information")
    work.gates.add(gate.id)
    work.note("gate.asked", gate.id, until=until)
    _ask(work, "approval.question", gate.id, gate.line, text, until)


def ask_for_task(
    work: RequestWork, line: Line, task: TaskRun, text: TextRef | None, follow_up_on: date | None = None
) -> None:
    """The task is pending until the answer, with reminders, the first of them on the day ``follow_up_on``; the line's
    promise rests.
    """
    if task.question is not None:
        raise InvalidTransition(f"{task.number} already waits for an answer")
    calendar = calendar_of(work, line)
    until = _on(calendar, follow_up_on, work.at) if follow_up_on else _later(calendar, work.at)
    task.question = Question(asked_by=work.actor.person, text=text, asked_at=work.at, until=until)
    task.state = TaskState.PENDING
    line.clock = sla.pause(line.clock, work.at, "awaiting-requester")
    work.note("task.asked", task.number, until=task.question.until)
    _ask(work, "task.question", task.number, line.number, text, until)


def _ask(
    work: RequestWork, event: str, subject: str, line: str, text: TextRef | None, until: datetime
) -> None:
    if text is not None:
        work.write_down("question", text, subject)
    said = text.ref if text else None
    customers = work.process.customers(work.at)
    work.tell(event, customers, subject, actor=work.actor.person, line=line, text=said, until=until)


def answer_questions(work: RequestWork, text: TextRef) -> bool:
    """The requester has spoken: every open question of the order counts as answered. Whether there was one."""
    said = {"actor": work.actor.person, "text": text.ref}
    asked = [(gate, gate.question) for gate in work.process.gates.values() if gate.question is not None]
    for gate, question in asked:
        end_question(work, gate)
        work.note("gate.answered", gate.id)
        work.tell("task.answered", [f"p:{question.asked_by}"], gate.id, line=gate.line, **said)
    waiting = [(line, task) for line in work.process.lines for task in _questioned(line)]
    for line, task in waiting:
        resume(work, line, task)
        work.note("task.answered", task.number)
        work.tell("task.answered", [_working(task)], task.number, line=line.number, **said)
    return bool(asked or waiting)


def _questioned(line: Line) -> Iterator[TaskRun]:
    for run in line.steps.values():
        for task in (run.task, run.undo_task):
            if task is not None and task.is_open and task.question is not None:
                yield task


def end_question(work: RequestWork, gate: Gate) -> None:
    """The clock goes on, answered or not."""
    question = gate.question
    assert question is not None
    calendar = work.calendars[work.organisation.approval_policies[gate.policy].calendar]
    gate.asked_for += business_time_between(calendar, question.asked_at, work.at)
    gate.question = None
    gate.clock = sla.resume(gate.clock, work.at)
    work.gates.add(gate.id)


def resume(work: RequestWork, line: Line, task: TaskRun) -> None:
    """The task goes on, answered or not; its dates rested as long."""
    assert task.question is not None
    defer(task, calendar_of(work, line), task.question.asked_at, work.at)
    task.question = None
    task.state = TaskState.WORK_IN_PROGRESS if task.assigned_to else TaskState.OPEN
    _run_clock(work, line)


def _working(task: TaskRun) -> str:
    return f"p:{task.assigned_to}" if task.assigned_to else f"g:{task.group}"


def follow_up(work: RequestWork, line: Line, task: TaskRun) -> bool:
    """Remind, or give up after the last reminder: True when the task was closed incomplete.

    Only a step can be closed without an answer; a decision or an undo goes on without it, lest it be lost, and whoever
    works on it is reminded of it.
    """
    question = task.question
    assert question is not None
    if question.reminders < MOST_REMINDERS:
        question.reminders += 1
        question.until = _later(calendar_of(work, line), work.at)
        work.note("task.reminded", task.number, reminders=question.reminders)
        work.tell(
            "task.reminder",
            work.process.customers(work.at, line.requested_for),
            task.number,
            line=line.number,
        )
        return False
    if task.purpose is not TaskPurpose.STEP:
        resume(work, line, task)
        work.note("task.unanswered", task.number)
        work.tell("task.reminder", [_working(task)], task.number, line=line.number, due=task.due_at)
        return False
    _run_clock(work, line, but=task)
    close_task(work, task, TaskState.CLOSED_INCOMPLETE)
    return True


def _run_clock(work: RequestWork, line: Line, but: TaskRun | None = None) -> None:
    """The promise runs again when no other task of the line waits for the requester."""
    tasks = (task for run in line.steps.values() for task in (run.task, run.undo_task))
    waits = any(task is not but and task.is_open and task.question for task in tasks if task is not None)
    if not waits and line.clock.stage.is_open:
        line.clock = sla.resume(line.clock, work.at)


def calendar_of(work: RequestWork, line: Line) -> Calendar:
    return work.calendars[work.organisation.catalog[line.item].calendar]


def _on(calendar: Calendar, day: date, now: datetime) -> datetime:
    """When the calendar opens on the day, or next after it; InvalidInput for a day that is not ahead, or too far."""
    zone = ZoneInfo(calendar.zone)
    if now.astimezone(zone).date() < day <= (now + LATEST_FOLLOW_UP).astimezone(zone).date():
        return next_opening(calendar, datetime.combine(day, time(), zone))
    days = LATEST_FOLLOW_UP.days
    message = f"must be a day after today, within {days} days"
    raise InvalidInput("the follow-up date does not fit", problems=[Problem("/follow_up_on", message)])


def _later(calendar: Calendar, at: datetime) -> datetime:
    return add_business_days(calendar, at, REMINDERS_AFTER_DAYS)
