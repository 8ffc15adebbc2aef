"""What fulfillers do with their tasks, and what the plan makes of it."""

from sqlalchemy import and_, select
from temporalio import activity

from activities import steps
from activities.child_end import let_go_of_ended_child
from activities.grant_register import end_registered
from activities.lines import must_be_open
from activities.questions import ask_for_task, resume
from activities.task_people import assign, must_work_on
from activities.task_queue import MAY_BE_BY_HAND, close_task
from activities.transition import Transitions
from activities.work import RequestWork
from steadydesk.contracts.agenda import Answer
from steadydesk.contracts.grant import GrantState
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import (
    Line,
    RequestProcess,
    StepState,
    TaskPurpose,
    TaskRun,
    TaskState,
    UndoState,
)
from steadydesk.contracts.request_commands import ActOnTask, TaskAction, Write
from steadydesk.errors import (
    InvalidTransition,
    RecordClosed,
    UnknownRecord,
)
from steadydesk.records.tables.process import record


class TaskActivities:
    """Local activities of people's tasks."""

    def __init__(self, transitions: Transitions[RequestProcess]) -> None:
        self.transitions = transitions

    @activity.defn
    async def record_task_action(self, write: Write[ActOnTask]) -> Answer:
        """Assign, start, ask, complete, skip, fail; for a failed step: retry, skip, abort."""
        return await self.transitions.command(act, write)


async def act(work: RequestWork, command: ActOnTask) -> None:
    try:
        task, line, step = find_task(work, command.task)
    except UnknownRecord:
        await _refuse_former(work, command.task)
        raise
    if not task.is_open:
        is_returned = line.phase is Phase.RETURNED or line.returning
        raise _closed_already(work, task.number, task.state, is_returned=is_returned)
    await must_work_on(work, task, taking=command.action is TaskAction.START)
    if command.text is not None and command.action is not TaskAction.ASK:
        work.write_down("work_note", command.text, task.number)
    match command.action:
        case TaskAction.ASSIGN:
            await assign(work, task, command.assignee)
        case TaskAction.START:
            task.assigned_to = task.assigned_to or work.actor.whose_right
            if task.question is not None:
                resume(work, line, task)
            task.state = TaskState.WORK_IN_PROGRESS
            work.note("task.started", task.number)
        case TaskAction.ASK:
            must_be_open(work)
            ask_for_task(work, line, task, command.text, command.follow_up_on)
        case _:
            await _end(work, line, step, task, command)
    work.said |= {"task": task.number, "state": task.state.value}


async def _refuse_former(work: RequestWork, number: str) -> None:
    """RecordClosed for a task of ours that the plan does not have any more, since it began anew: what was open then
    was ended by the return, and only by that.
    """
    ours = and_(record.c.number == number, record.c.owner == work.process.number)
    kind = record.c.kind == RecordKind.TASK.value
    state = await work.connection.scalar(select(record.c.state).where(ours, kind))
    if state is not None:
        raise _closed_already(work, number, TaskState(state), is_returned=True)


def _closed_already(work: RequestWork, number: str, state: TaskState, *, is_returned: bool) -> RecordClosed:
    details = {"follow_up": work.process.number} if work.process.may_be_followed else {}
    if is_returned and state is TaskState.CANCELLED:
        words = f"{number} was ended when its request was returned to the requester"
        return RecordClosed(words, details=details | {"ended_by": "return"})
    return RecordClosed(f"{number} is {state.value}", details=details)


def find_task(work: RequestWork, number: str) -> tuple[TaskRun, Line, str]:
    for line, step, task in work.process.tasks():
        if task.number == number:
            return task, line, step
    raise UnknownRecord(f"{work.process.number} has no task {number}")


async def _end(work: RequestWork, line: Line, step: str, task: TaskRun, command: ActOnTask) -> None:
    if command.outputs is not None:
        work.texts.append(command.outputs.ref)
    if task.question is not None:
        raise InvalidTransition(f"{task.number} waits for an answer; start it again first")
    _has_it(work, task)
    match task.purpose:
        case TaskPurpose.STEP:
            await _end_step(work, line, step, task, command)
        case TaskPurpose.DECIDE:
            await _decide(work, line, step, task, command)
        case TaskPurpose.UNDO:
            run = line.steps[step]
            run.undo = UndoState.DONE if command.action is TaskAction.COMPLETE else UndoState.LEFT
            if run.grant is not None:
                left = run.undo is UndoState.LEFT
                await end_registered(work, run.grant, GrantState.LEFT if left else GrantState.REVOKED)
            close_task(work, task, _closed(command.action))
        case TaskPurpose.CALL_BACK:
            close_task(work, task, _closed(command.action))


def _has_it(work: RequestWork, task: TaskRun) -> None:
    """What nobody took is theirs who ends it."""
    if task.assigned_to is None:
        task.assigned_to = work.actor.whose_right
        work.note("task.assigned", task.number, person=task.assigned_to)


async def _end_step(work: RequestWork, line: Line, step: str, task: TaskRun, command: ActOnTask) -> None:
    close_task(work, task, _closed(command.action))
    run = line.steps[step]
    if command.outputs is not None:
        run.outputs = command.outputs
    match command.action:
        case TaskAction.COMPLETE:
            await steps.succeed(work, line, step)
        case TaskAction.SKIP:
            steps.end(work, line, step, StepState.SKIPPED)
        case _:
            await steps.fail(work, line, step, "TaskFailed")


async def _decide(work: RequestWork, line: Line, step: str, task: TaskRun, command: ActOnTask) -> None:
    """A failed step: retry it as a new effect, skip it, abort the line, or say that it was done by hand."""
    run = line.steps[step]
    close_task(work, task, TaskState.CLOSED_COMPLETE)
    match command.action:
        case TaskAction.RETRY:
            await let_go_of_ended_child(work, run)
            run.attempt += 1
            run.task, run.problem, run.gates, run.state = None, None, [], StepState.PENDING
        case TaskAction.SKIP:
            steps.end(work, line, step, StepState.SKIPPED)
        case TaskAction.ABORT | TaskAction.FAIL:
            steps.end(work, line, step, StepState.FAILED)
        case TaskAction.COMPLETE if _done_by_hand(work, line, step):
            run.outputs = command.outputs or run.outputs
            await steps.succeed(work, line, step)
        case _:
            raise InvalidTransition("decide with retry, skip or abort; complete when it was done by hand")
    work.note("step.decided", f"{line.number}/{step}", action=command.action.value)


def _done_by_hand(work: RequestWork, line: Line, step: str) -> bool:
    return work.organisation.catalog[line.item].plan.steps[step].kind in MAY_BE_BY_HAND


def _closed(action: TaskAction) -> TaskState:
    closed = {
        TaskAction.COMPLETE: TaskState.CLOSED_COMPLETE,
        TaskAction.SKIP: TaskState.CLOSED_SKIPPED,
        TaskAction.FAIL: TaskState.CLOSED_INCOMPLETE,
    }
    if action not in closed:
        raise InvalidTransition("'retry' and 'abort' are for failed steps")
    return closed[action]
