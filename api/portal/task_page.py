"""The page of a task: what it shows, and which actions its state and the reader's rights leave open."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fastapi.responses import HTMLResponse

from api.portal.forms import FormState
from api.portal.page import Page
from api.portal.progress import Mark, Wait, marks_of, waits_of
from api.portal.record_page import answers_of, entered_at
from api.portal.timeline import everything, talk, told
from steadydesk.contracts.form import Form
from steadydesk.contracts.plan import StepKind
from steadydesk.contracts.request import TaskPurpose, TaskState
from steadydesk.contracts.request_commands import TaskAction
from steadydesk.contracts.views import FailureView, RecordView, TimelineEntry
from steadydesk.errors import UnknownRecord
from steadydesk.policies.form import sensitive
from steadydesk.policies.plan import CHILD_ENDED
from steadydesk.policies.rights import Permission, Verb, may
from steadydesk.records.engine import autocommit
from steadydesk.records.views.task_outputs import form_asked
from steadydesk.records.views.task_page import TaskContent, task_content

OUTPUTS = "o"
"""Before the names of the fields of a task's form."""

A = TaskAction
_BY_HAND = (StepKind.CONNECTOR, StepKind.MANUAL)
_ENDS = {
    TaskPurpose.STEP: (A.COMPLETE, A.SKIP, A.FAIL),
    TaskPurpose.DECIDE: (A.RETRY, A.SKIP, A.ABORT, A.COMPLETE),
    TaskPurpose.UNDO: (A.COMPLETE, A.SKIP),
    TaskPurpose.CALL_BACK: (A.COMPLETE, A.SKIP),
}


@dataclass(frozen=True)
class CanDo:
    """What the reader can do now. ``take`` is assigning it to themselves; the process has the last word."""

    works: bool = False
    take: bool = False
    reveal: bool = False
    comment: bool = False
    actions: frozenset[TaskAction] = field(default_factory=frozenset[TaskAction])

    def __contains__(self, action: str) -> bool:
        return TaskAction(action) in self.actions


async def read_task(page: Page, number: str) -> TaskContent:
    """UnknownRecord for what is not there, or not for the reader."""
    async with autocommit(page.services.engine).connect() as connection:
        content = await task_content(connection, page.viewer, number)
    if content is None:
        raise UnknownRecord("there is no such task, or it is not for you to see")
    return content


async def show_task(
    page: Page, number: str, failed: FormState | None = None, revealed: dict[str, Any] | None = None
) -> HTMLResponse:
    """The whole page; with the form that was refused, or the sensitive answers that were asked for."""
    content = await read_task(page, number)
    request, line = content.request, content.line
    asked = outputs_asked(content)
    hidden = line.model_copy(update={"variables": revealed or {}}) if line else None
    return await page.show(
        "work/task",
        failed=failed,
        content=content,
        view=content.view,
        can=can_do(page, content),
        following=_following(page, content),
        asked=asked,
        failure=content.failure,
        failure_words=failure_words(page, content.failure) if content.failure else "",
        marks=list(_marks(page, content)),
        waits=_waits(page, content),
        answers=answers_of(page, request, line) if request and line else [],
        entered=entered_at(page, request, number) if request else [],
        revealed=answers_of(page, request, hidden, revealed=True) if request and hidden else [],
        said=talk(request) if request else [],
        told=told(page, request, _events(content)) if request else [],
        everything=everything(page, request, _events(content)) if request else [],
    )


def _following(page: Page, content: TaskContent) -> RecordView | None:
    """After the end of this task: an open one of the same request, for a group of the reader's."""
    if content.view.open or content.request is None:
        return None
    groups = page.caller.standing.groups
    return next(
        (one for one in content.request.view.tasks if one.open and one.assignment_group in groups), None
    )


def failure_words(page: Page, failure: FailureView) -> str:
    """Why it failed, as people say it; a type that has no words of its own by its name."""
    problem = "child" if failure.problem.startswith(CHILD_ENDED) else failure.problem
    otherwise = page.words("failure.other", problem=problem)
    return page.words.either(f"failure.{problem}", otherwise)


def outputs_asked(content: TaskContent) -> Form:
    if content.item is None:
        return Form()
    return form_asked(content.item, content.step_key, content.purpose.value) or Form()


def can_do(page: Page, content: TaskContent) -> CanDo:
    view, caller = content.view, page.caller
    member = view.assignment_group in caller.standing.groups
    owner = f"f:{view.function}" in page.viewer.own and not content.is_of_grant
    works = may(Verb.WORK, content.relations) and caller.may(Permission.WORK) and (member or owner)
    says = works and content.request is not None and content.request.view.open
    if not (view.open and works):
        return CanDo(works, comment=says)
    mine = view.assigned_to is not None and view.assigned_to.id == caller.id
    return CanDo(
        works=True,
        take=member and not mine,
        comment=says,
        reveal=member and caller.acting_for is None and bool(_hidden(content)),
        actions=frozenset(_actions(content)),
    )


def _actions(content: TaskContent) -> Iterator[TaskAction]:
    view, purpose = content.view, content.purpose
    if content.is_of_grant:
        undo = content.step.undo if content.step else None
        yield from (A.START, A.COMPLETE, A.SKIP, *((A.RETRY,) if undo and undo.call else ()))
        return
    yield A.ASSIGN
    if view.state != TaskState.WORK_IN_PROGRESS:
        yield A.START
    if view.state == TaskState.PENDING:
        return
    if content.request is not None and content.request.view.open:
        yield A.ASK
    by_hand = content.step is not None and content.step.kind in _BY_HAND
    for action in _ENDS[purpose]:
        if action is not A.COMPLETE or purpose is not TaskPurpose.DECIDE or by_hand:
            yield action


def _hidden(content: TaskContent) -> frozenset[str]:
    """Sensitive fields that the step is for."""
    if content.item is None or content.step is None:
        return frozenset()
    return sensitive(content.item.form) & frozenset(content.step.shows)


def _marks(page: Page, content: TaskContent) -> list[Mark]:
    if content.request is None or content.line is None:
        return []
    return marks_of(content.request, content.line, page.words)


def _waits(page: Page, content: TaskContent) -> list[Wait]:
    return waits_of(content.request, content.view.waiting, page.words) if content.request else []


def _events(content: TaskContent) -> Iterator[TimelineEntry]:
    """What happened to the task and its step."""
    about = (content.view.number, f"{content.line_number}/{content.step_key}")
    for entry in content.request.timeline if content.request else []:
        if entry.subject in about:
            yield entry
