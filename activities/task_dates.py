"""The dates of people's tasks: reminded, escalated to who answers for them, and what ends the wait for a decision."""

from datetime import datetime, timedelta

from activities import escalation
from activities.task_queue import open_task
from activities.work import P, RequestWork, Work
from steadydesk.contracts.calendar import Calendar
from steadydesk.contracts.request import Line, TaskPurpose, TaskRun
from steadydesk.policies.calendar import add_business_time, business_time_between

_LEAST = timedelta(hours=1)
"""Business time between the two escalations of a task that was due almost at once."""


async def open_decision(work: RequestWork, line: Line, step: str, group: str, within: timedelta) -> TaskRun:
    """Ask a group what becomes of a failed step; half-way it is reminded."""
    calendar = work.calendars[work.organisation.catalog[line.item].calendar]
    due = add_business_time(calendar, work.at, within)
    run = await open_task(work, line, step, TaskPurpose.DECIDE, group, due)
    run.remind_at = add_business_time(calendar, work.at, within / 2)
    return run


def remind(work: Work[P], task: TaskRun) -> None:
    task.remind_at = None
    work.note("task.reminded", task.number)
    work.tell("task.reminder", [f"g:{task.group}"], task.number, due=task.due_at)


async def escalate(work: Work[P], function: str, calendar: Calendar, task: TaskRun) -> None:
    """It is overdue: who answers for the group knows, and the time that it had runs once more."""
    assert task.due_at is not None
    task.overdue, task.remind_at = True, None
    span = business_time_between(calendar, task.opened_at, task.due_at)
    task.ends_at = add_business_time(calendar, work.at, max(span, _LEAST))
    work.note("task.overdue", task.number, until=task.ends_at)
    above = await escalation.to_manager(work, task.group, function)
    work.tell("task.reminder", [f"g:{task.group}", *above], task.number, due=task.due_at)


async def escalate_again(work: Work[P], function: str, task: TaskRun) -> None:
    """Nobody else can say that it is done, so it stays; the owners of the process know."""
    task.ends_at = None
    work.note("task.escalated", task.number)
    above = await escalation.to_owners(work, function)
    work.tell("task.reminder", [f"g:{task.group}", *above], task.number, due=task.due_at)


def defer(task: TaskRun, calendar: Calendar, since: datetime, until: datetime) -> None:
    """Its dates rested while it waited for an answer."""
    rested = business_time_between(calendar, since, until)
    for name in ("remind_at", "due_at", "ends_at"):
        date: datetime | None = getattr(task, name)
        if date is not None and date > since:
            setattr(task, name, add_business_time(calendar, date, rested))
