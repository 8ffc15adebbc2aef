"""A task's page, and what those who work on it do there."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Response as Blank
from fastapi.responses import Response

from api.actions import Action
from api.portal.answers import answers_in
from api.portal.forms import Form, Posted, attempt
from api.portal.guard import pages
from api.portal.page import Page, ReaderPage, WorkerPage
from api.portal.people_typed import answers_with_people, person_typed
from api.portal.task_page import OUTPUTS, outputs_asked, read_task, show_task
from api.portal.typed_form import shows_again
from api.requests_read import RecordNumber
from api.routes import request_actions, tasks
from api.routes.request_actions import NewComment
from api.routes.tasks import Assignment, TaskNote, TaskQuestion, TaskResult
from steadydesk.contracts.request_commands import TaskAction
from steadydesk.policies.rights import Permission

router = pages()

_NOTED: dict[TaskAction, Callable[[str, TaskNote, Action], Awaitable[Any]]] = {
    TaskAction.START: tasks.start,
    TaskAction.SKIP: tasks.skip,
    TaskAction.FAIL: tasks.fail,
    TaskAction.RETRY: tasks.retry,
    TaskAction.ABORT: tasks.abort,
}


@router.get("/tasks/{number}")
async def show(number: RecordNumber, page: ReaderPage) -> Response:
    """Who works on no tasks is led to what the task is for."""
    if not page.caller.may(Permission.WORK):
        return page.back_to(f"/records/{(await read_task(page, number)).view.owner}")
    return await show_task(page, number)


@router.post("/tasks/{number}/sensitive")
async def reveal(number: RecordNumber, page: WorkerPage) -> Response:
    """The page with the sensitive answers that the step needs; that they were read is written down."""
    view = await tasks.show_task(number, page.caller, page.services, Blank())
    return await show_task(page, number, revealed=view.sensitive)


@router.post("/tasks/{number}/take")
async def take(number: RecordNumber, page: WorkerPage, posted: Form) -> Response:
    """For the reader, as it is on the page: where somebody else was faster, it is refused."""
    return await _done(page, number, posted, "take", tasks.assign(number, Assignment(), page.act(posted)))


@router.post("/tasks/{number}/assign")
@shows_again
async def assign(number: RecordNumber, page: WorkerPage, posted: Form) -> Response:
    async def send() -> None:
        person = await person_typed(page, posted.text("person"), "/person")
        await tasks.assign(number, posted.into(Assignment, (), person=person), page.act(posted))

    return await _done(page, number, posted, "assign", send())


@router.post("/tasks/{number}/ask")
@shows_again
async def ask(number: RecordNumber, page: WorkerPage, posted: Form) -> Response:
    async def send() -> None:
        body = posted.into(TaskQuestion, ("question", "follow_up_on"))
        await tasks.ask(number, body, page.act(posted))

    return await _done(page, number, posted, "ask", send())


@router.post("/tasks/{number}/complete")
@shows_again
async def complete(number: RecordNumber, page: WorkerPage, posted: Form) -> Response:
    asked = outputs_asked(await read_task(page, number))

    async def send() -> None:
        outputs = await answers_with_people(
            page, asked, answers_in(asked, posted, page.words, OUTPUTS), "/outputs"
        )
        body = posted.into(TaskResult, ("note",), outputs=outputs)
        await tasks.complete(number, body, page.act(posted))

    return await _done(page, number, posted, "complete", send())


@router.post("/tasks/{number}/comments")
@shows_again
async def comment(number: RecordNumber, page: WorkerPage, posted: Form) -> Response:
    """Said on the request: to those who ordered, or as a note for those who work on it."""
    owner = (await read_task(page, number)).view.owner

    async def send() -> None:
        body = posted.into(NewComment, ("text", "work_note"))
        await request_actions.add_comment(owner, body, page.act(posted))

    return await _done(page, number, posted, "comment", send())


@router.post("/tasks/{number}/{action}")
@shows_again
async def act(number: RecordNumber, action: TaskAction, page: WorkerPage, posted: Form) -> Response:
    """Start, skip, fail, retry, abort, each with a note."""

    async def send() -> None:
        await _NOTED[action](number, posted.into(TaskNote, ("note",)), page.act(posted))

    return await _done(page, number, posted, action.value, send())


async def _done(page: Page, number: str, posted: Posted, name: str, sending: Awaitable[Any]) -> Response:
    failed = await attempt(name, posted, sending)
    if failed is not None:
        return await show_task(page, number, failed)
    said = {"take": "task_assign", "comment": "comment"}.get(name, f"task_{name}")
    return page.back_to(f"/tasks/{number}", said)
