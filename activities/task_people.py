"""Who works on a task, and to whom it goes: alike of a request's tasks and of a grant's."""

from typing import Any

from activities.work import Work
from steadydesk.contracts.request import TaskRun
from steadydesk.errors import InvalidInput, NotAllowed, Problem
from steadydesk.records.directory_facts import has_left
from steadydesk.records.directory_standing import standing
from steadydesk.records.silence import kept_from


async def must_work_on(work: Work[Any], task: TaskRun, *, taking: bool = False) -> None:
    """NotAllowed for all but active members of the task's group and the process owners of its function. Whoever is
    ``taking`` it to work on stays meanwhile.
    """
    if taking:
        # It waits for a departure, or the end of a membership, that is just being written and has not found this task.
        await has_left(work.connection, work.actor.whose_right)
    who = await standing(work.connection, work.actor.whose_right, work.at)
    if who is None or not who.person.active:
        raise NotAllowed("only active people of the directory work on tasks")
    if task.group not in who.groups and f"f:{work.process.function}" not in who.own_sight:
        raise NotAllowed(f"{task.number} belongs to the group '{task.group}'")


async def assign(work: Work[Any], task: TaskRun, assignee: str | None) -> None:
    """To an active member of its group, who is told (InvalidInput for anybody else); to the actor for None."""
    person = assignee or work.actor.whose_right
    # Asked first: it waits for a departure, or the end of a membership, that would not hear of this task.
    gone = await has_left(work.connection, person)
    who = await standing(work.connection, person, work.at)
    if gone or who is None or task.group not in who.groups:
        raise _nobody_else(task, f"must be an active member of '{task.group}'")
    if await kept_from(work.connection, work.process.number, [person], work.at):
        # It would wait for ever for somebody who does not see it.
        raise _nobody_else(task, f"{work.process.number} is kept from this person for now")
    task.assigned_to = person
    work.note("task.assigned", task.number, person=person)
    if person != work.actor.whose_right:
        work.tell("task.assigned", [f"p:{person}"], task.number)


def _nobody_else(task: TaskRun, why: str) -> InvalidInput:
    return InvalidInput(f"{task.number} goes to nobody else", problems=[Problem("/person", why)])
