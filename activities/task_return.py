"""A task whose assignee cannot work on it any more goes back to its queue; what a leaver owed, their manager hears."""

from collections.abc import Collection, Sequence
from typing import Any

from activities.work import Work
from steadydesk.contracts.request import TaskRun, TaskState
from steadydesk.policies.rights import Relation
from steadydesk.records.directory_approvers import staying_above
from steadydesk.records.directory_standing import standing


def return_task(work: Work[Any], task: TaskRun, person: str, reason: str, line: str | None = None) -> bool:
    """Whether it was open and theirs. Its group is told that it waits again."""
    if not task.is_open or task.assigned_to != person:
        return False
    task.assigned_to = None
    if task.question is None:
        task.state = TaskState.OPEN
    work.note("task.returned", task.number, reason=reason)
    work.tell("task.opened", [f"g:{task.group}"], task.number, line=line)
    return True


async def hand_over(
    work: Work[Any],
    person: str,
    returned: Sequence[TaskRun],
    *,
    restricted_to: Collection[str],
    kept_from: Collection[str] = (),
) -> None:
    """Tell the leaver's manager and the list of those who look after leavers of each task, and let them see it. Of a
    restricted record its named groups are told, and nobody comes to see it; nobody in ``kept_from`` does either.
    """
    if not returned:
        return
    audience = [f"g:{group}" for group in restricted_to]
    if not restricted_to:
        managers = (await staying_above(work.connection, person, work.at))[:1]
        audience = [f"g:{work.organisation.organisation.leavers_group}"]
        audience += [f"p:{manager}" for manager in managers if manager not in kept_from]
        for subject in audience:
            work.show_to(subject, Relation.FULFILMENT_GROUP)
    for task in returned:
        work.tell("person.left", audience, task.number, person=person)


async def is_member(work: Work[Any], person: str, group: str) -> bool:
    """Whether the person is in the group as of now: they may be back since the message was posted."""
    who = await standing(work.connection, person, work.at)
    return who is not None and group in who.groups
