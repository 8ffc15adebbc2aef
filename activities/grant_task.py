"""The revocation of a grant as a person's task: its dates, and what people make of it."""

from activities import task_dates
from activities.grant_effects import GrantWork, end, item_of, step_of
from activities.task_people import assign, must_work_on
from steadydesk.contracts.grant import GrantState
from steadydesk.contracts.request import TaskRun, TaskState
from steadydesk.contracts.request_commands import ActOnTask, TaskAction
from steadydesk.errors import InvalidTransition, RecordClosed, UnknownRecord


async def ring_task(work: GrantWork) -> None:
    """What is due of an open task; only a person ends it."""
    grant, task = work.process, work.process.task
    if task is None or not task.is_open:
        return
    if task.due_at is not None and task.due_at <= work.at and not task.overdue:
        await task_dates.escalate(work, grant.function, work.calendars[item_of(work).calendar], task)
    elif task.ends_at is not None and task.ends_at <= work.at:
        await task_dates.escalate_again(work, grant.function, task)


async def act(work: GrantWork, command: ActOnTask) -> None:
    task = work.process.task
    if task is None or task.number != command.task:
        raise UnknownRecord(f"{work.process.number} has no task {command.task}")
    if not task.is_open:
        raise RecordClosed(
            f"{task.number} is {task.state.value}", details={"follow_up": work.process.request}
        )
    await must_work_on(work, task, taking=command.action is TaskAction.START)
    if command.text is not None:
        work.write_down("work_note", command.text, task.number)
    if command.action is not TaskAction.ASSIGN:
        task.assigned_to = task.assigned_to or work.actor.whose_right
    await _do(work, task, command)
    work.note("task.acted", task.number, action=command.action.value)
    work.said |= {"task": task.number, "state": task.state.value}


async def _do(work: GrantWork, task: TaskRun, command: ActOnTask) -> None:
    match command.action:
        case TaskAction.ASSIGN:
            await assign(work, task, command.assignee)
        case TaskAction.START:
            task.state = TaskState.WORK_IN_PROGRESS
        case TaskAction.COMPLETE:
            task.state, task.closed_at = TaskState.CLOSED_COMPLETE, work.at
            await end(work)
        case TaskAction.SKIP | TaskAction.FAIL:
            task.state, task.closed_at = TaskState.CLOSED_INCOMPLETE, work.at
            await end(work, GrantState.LEFT)
        case TaskAction.RETRY if _can_perform(work):
            task.state, task.closed_at = TaskState.CANCELLED, work.at
            work.process.attempt += 1
            work.process.performing = True
        case _:
            raise InvalidTransition("a revocation is completed, retried, or left as it is")


def _can_perform(work: GrantWork) -> bool:
    undo = step_of(work).undo
    return undo is not None and undo.call is not None
