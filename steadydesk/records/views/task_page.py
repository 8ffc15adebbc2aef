"""A task as its page shows it: what to do, and the whole request around it as far as the viewer may see it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.language import in_language
from steadydesk.contracts.numbers import RecordKind, kind_of
from steadydesk.contracts.plan import Step
from steadydesk.contracts.request import TaskPurpose
from steadydesk.contracts.views import FailureView, LineView, RecordView
from steadydesk.records import configuration
from steadydesk.records.tables.process import record
from steadydesk.records.tables.task import task
from steadydesk.records.views.directory_words import DirectoryWords, directory_words
from steadydesk.records.views.failures import (
    AFTER_FAILURE,
    failure_view,
    problem_of_grant,
    problem_of_step,
    tried,
)
from steadydesk.records.views.records import fields_of
from steadydesk.records.views.request_page import RequestContent, request_content
from steadydesk.records.views.visibility import Viewer, relations, visible

_TRIED = "tried"
_OF_TASK = ("line", "step", "purpose", "instruction", "attempt")


@dataclass(frozen=True)
class TaskContent:
    """``request`` is None for the task of a grant, which has a process of its own; ``relations`` say why the viewer
    sees the process.
    """

    view: RecordView
    purpose: TaskPurpose
    step_key: str
    line_number: str
    instruction: str
    attempt: int
    item: CatalogItem | None
    relations: list[str]
    names: DirectoryWords
    failure: FailureView | None
    """What its group has to know to decide; None for a task that no failure opened."""
    request: RequestContent | None = None

    @property
    def step(self) -> Step | None:
        return self.item.plan.steps.get(self.step_key) if self.item else None

    @property
    def line(self) -> LineView | None:
        lines = self.request.view.items if self.request else []
        return next((line for line in lines if line.number == self.line_number), None)

    @property
    def is_of_grant(self) -> bool:
        return kind_of(self.view.owner) is RecordKind.GRANT


async def task_content(connection: AsyncConnection, viewer: Viewer, number: str) -> TaskContent | None:
    """The task as the viewer may see it, in three statements; None for what is not there or not for them."""
    of_task = (task.c[name].label(f"task_{name}") for name in _OF_TASK)
    statement = select(record, *of_task, tried().label(_TRIED)).join(task, task.c.number == record.c.number)
    row = (
        await connection.execute(statement.where(record.c.number == number, visible(viewer)))
    ).one_or_none()
    if row is None:
        return None
    request = None
    if kind_of(row.owner) is RecordKind.REQUEST:
        request = await request_content(connection, viewer, row.owner)
    if request is not None:
        return _content(
            row, viewer, request.organisation.catalog, request.view.relations, request.names, request
        )
    resolved = await configuration.get(connection, row.configuration)
    why = await relations(connection, viewer, row.owner)
    people = [row.opened_by, row.caller, row.assigned_to]
    names = await directory_words(connection, people, [row.assignment_group])
    return _content(row, viewer, resolved.organisation.catalog, why, names)


def _content(
    row: Any,
    viewer: Viewer,
    catalog: dict[str, CatalogItem],
    why: list[str],
    names: DirectoryWords,
    request: RequestContent | None = None,
) -> TaskContent:
    fields = fields_of(row, names, viewer.language)
    for name in _OF_TASK:
        fields.pop(f"task_{name}")
    entry = fields.pop(_TRIED)
    view = RecordView(**fields)
    return TaskContent(
        view=view,
        purpose=TaskPurpose(row.task_purpose),
        step_key=row.task_step,
        line_number=row.task_line,
        instruction=in_language(row.task_instruction, viewer.language),
        attempt=row.task_attempt,
        item=catalog.get(row.item),
        relations=why,
        names=names,
        failure=failure_view(viewer, view, _problem(row, request), entry),
        request=request,
    )


def _problem(row: Any, request: RequestContent | None) -> str | None:
    if row.task_purpose not in AFTER_FAILURE:
        return None
    if request is None:
        return problem_of_grant(row.tried)
    return problem_of_step(request.process, row.task_line, row.task_step, row.task_attempt)
