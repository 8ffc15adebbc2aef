"""Tasks: the queues of one's groups, and what fulfillers do with a task."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api import commands
from api.actions import Action, Build, WorkerAction
from api.answers import etag
from api.form_answers import check_answers
from api.requests_read import RecordNumber, viewer_of
from api.routes.requests import next_page, position
from api.security import Caller, Reader
from api.services import Services
from api.state import ServicesOf
from steadydesk.contracts.base import Contract, Day
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.page import LARGEST_PAGE, Page
from steadydesk.contracts.request import TaskState
from steadydesk.contracts.request_commands import ActOnTask, TaskAction
from steadydesk.contracts.views import RecordView, TaskView
from steadydesk.contracts.words import LongWords, Words
from steadydesk.errors import InvalidInput, UnknownRecord
from steadydesk.policies.assertion import unsigned
from steadydesk.policies.rights import Verb
from steadydesk.records.engine import Connection
from steadydesk.records.views import records as views
from steadydesk.records.views.tasks import TaskReader, form_of, task_view

router = APIRouter(prefix="/tasks", tags=["tasks"])


class Assignment(Contract):
    person: str | None = Field(default=None, description="User name; null: yourself.", max_length=100)


class TaskNote(Contract):
    note: LongWords | None = None


class TaskQuestion(Contract):
    question: Words
    follow_up_on: Day | None = Field(
        default=None,
        description="Day of the first reminder; null: two business days from now. At most 60 days ahead.",
    )


class TaskResult(Contract):
    note: LongWords | None = None
    outputs: dict[str, Any] = Field(
        default_factory=dict, description="Output variables that the task's form asks for."
    )


@router.get("")
async def list_tasks(
    caller: Reader,
    services: ServicesOf,
    group: Annotated[str | None, Query(max_length=63)] = None,
    state: TaskState | None = None,
    mine: bool = False,
    open_only: Annotated[bool, Query(alias="open", description="`false`: closed ones too.")] = True,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    after: Annotated[str | None, Query(max_length=500)] = None,
) -> Page[RecordView]:
    """Tasks of your groups (or one group), the newest change first."""
    wanted = views.RecordFilter(
        kind=RecordKind.TASK.value,
        state=state,
        open=True if open_only else None,
        assignment_group=group,
        groups=None if group or mine else tuple(sorted(caller.standing.groups)),
        assigned_to=caller.id if mine else None,
    )
    place = position(after, RecordKind.TASK)
    async with services.engine.connect() as connection:
        found = await views.list_records(connection, viewer_of(caller), wanted, limit, place)
    return Page(items=found, after=next_page(found, limit))


@router.get("/{number}")
async def show_task(
    number: RecordNumber, caller: Reader, services: ServicesOf, response: Response
) -> TaskView:
    """The task with instruction, form and the line's answers. The sensitive answers that the step needs are for
    members of its group while it is open; each read of them is written down.
    """
    found = await _task(services, caller, number)
    # Nobody reads them in somebody else's name: the row would not say who has seen them.
    groups = caller.standing.groups if caller.acting_for is None else ()
    reader = TaskReader(viewer_of(caller), frozenset(groups), caller.method.value)
    async with services.engine.begin() as connection:
        view = await task_view(connection, reader, found)
    response.headers["ETag"] = etag(found)
    response.headers["Cache-Control"] = "no-store"
    return view


@router.post("/{number}/assign")
async def assign(number: RecordNumber, body: Assignment, act: WorkerAction) -> dict[str, Any]:
    """Take the task, or give it to a member of its group."""

    async def build(connection: Connection) -> ActOnTask:
        assignee = await commands.person_named(connection, body.person, act.caller.id, "/person")
        return _command(act, number, TaskAction.ASSIGN, assignee=assignee)

    return await _send(act, number, TaskAction.ASSIGN, body, build)


@router.post("/{number}/start")
async def start(number: RecordNumber, body: TaskNote, act: WorkerAction) -> dict[str, Any]:
    """Begin to work on it; who does so has it from then on."""
    return await _noted(act, number, TaskAction.START, body, body.note)


@router.post("/{number}/ask")
async def ask(number: RecordNumber, body: TaskQuestion, act: WorkerAction) -> dict[str, Any]:
    """Put a question to the requester; the task is pending until the answer."""
    return await _noted(act, number, TaskAction.ASK, body, body.question, follow_up_on=body.follow_up_on)


@router.post("/{number}/complete")
async def complete(number: RecordNumber, body: TaskResult, act: WorkerAction) -> dict[str, Any]:
    """Done; ``outputs`` answer the task's form."""

    async def build(connection: Connection) -> ActOnTask:
        await _check_outputs(connection, number, body.outputs)
        return _command(
            act,
            number,
            TaskAction.COMPLETE,
            text=await commands.words(connection, act.caller, body.note),
            outputs=await commands.words(connection, act.caller, body.outputs or None),
        )

    return await _send(act, number, TaskAction.COMPLETE, body, build)


@router.post("/{number}/skip")
async def skip(number: RecordNumber, body: TaskNote, act: WorkerAction) -> dict[str, Any]:
    """Not needed after all."""
    return await _noted(act, number, TaskAction.SKIP, body, body.note)


@router.post("/{number}/fail")
async def fail(number: RecordNumber, body: TaskNote, act: WorkerAction) -> dict[str, Any]:
    """It cannot be done: what the plan says for a failure follows."""
    return await _noted(act, number, TaskAction.FAIL, body, body.note)


@router.post("/{number}/retry")
async def retry(number: RecordNumber, body: TaskNote, act: WorkerAction) -> dict[str, Any]:
    """A failed step once more, as a new effect."""
    return await _noted(act, number, TaskAction.RETRY, body, body.note)


@router.post("/{number}/abort")
async def abort(number: RecordNumber, body: TaskNote, act: WorkerAction) -> dict[str, Any]:
    """Give a failed step up: what was done is undone, in reverse."""
    return await _noted(act, number, TaskAction.ABORT, body, body.note)


async def _noted(
    act: Action, number: str, action: TaskAction, body: Contract, words: str | None, **more: Any
) -> dict[str, Any]:
    async def build(connection: Connection) -> ActOnTask:
        said = await commands.words(connection, act.caller, words)
        return _command(act, number, action, text=said, **more)

    return await _send(act, number, action, body, build)


async def _send(act: Action, number: str, action: TaskAction, body: Contract, build: Build) -> dict[str, Any]:
    task = await _task(act.services, act.caller, number)
    return await act(task.owner, Verb.WORK, "act_on_task", body, build, subject=f"{number} {action}")


async def _check_outputs(connection: Connection, number: str, outputs: dict[str, Any]) -> None:
    asked = await form_of(connection, number)
    if asked is not None and (problems := await check_answers(connection, asked, outputs, "/outputs")):
        raise InvalidInput("the outputs do not fit the task's form", problems=problems)


def _command(act: Action, number: str, action: TaskAction, **more: Any) -> ActOnTask:
    return ActOnTask(assertion=unsigned(), if_match=act.version, task=number, action=action, **more)


async def _task(services: Services, caller: Caller, number: str) -> RecordView:
    async with services.engine.connect() as connection:
        found = await views.find_record(connection, viewer_of(caller), number)
    if found is None or found.kind != RecordKind.TASK.value:
        raise UnknownRecord("there is no such task, or it is not for you to see")
    return found
