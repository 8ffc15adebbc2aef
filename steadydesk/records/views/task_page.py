"""A task as its page shows it: what to do, and the whole request around it as far as the viewer may see it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.language import in_language
from steadydesk.contracts.numbers import RecordKind, kind_of
from steadydesk.contracts.plan import Step
from steadydesk.contracts.request import TaskPurpose
from steadydesk.contracts.views import LineView, RecordView
from steadydesk.records import configuration
from steadydesk.records.tables.effect import effect
from steadydesk.records.tables.process import record
from steadydesk.records.tables.task import task
from steadydesk.records.views.directory_words import DirectoryWords, directory_words
from steadydesk.records.views.records import fields_of
from steadydesk.records.views.request_page import RequestContent, request_content
from steadydesk.records.views.visibility import Viewer, relations, visible

_TRIED = "tried"
_OF_TASK = ("line", "step", "purpose", "instruction", "attempt")


@dataclass(frozen=True)
class Failure:
    """Why a step failed, or could not be taken back. ``system`` and what is known of its tries: of automated ones."""

    problem: str
    """The type of the failure."""
    system: str | None = None
    tries: int = 0
    last_at: datetime | None = None


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
    request: RequestContent | None = None

    @property
    def failure(self) -> Failure | None:
        """What its group has to know to decide; None for a task that no failure opened."""
        if self.request is None or self.purpose not in (TaskPurpose.DECIDE, TaskPurpose.UNDO):
            return None
        run = self.request.process.line(self.line_number).steps.get(self.step_key)
        if run is None or run.problem is None or run.attempt != self.attempt:
            return None
        tried = self.request.more.get(_TRIED)
        if tried is None:
            return Failure(run.problem)
        return Failure(
            run.problem, tried["target"], tried["attempts"], datetime.fromisoformat(tried["last_at"])
        )

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
    statement = select(record, *of_task).join(task, task.c.number == record.c.number)
    row = (
        await connection.execute(statement.where(record.c.number == number, visible(viewer)))
    ).one_or_none()
    if row is None:
        return None
    request = None
    if kind_of(row.owner) is RecordKind.REQUEST:
        request = await request_content(connection, viewer, row.owner, {_TRIED: _tried(row)})
    if request is not None:
        return _content(
            row, viewer, request.organisation.catalog, request.view.relations, request.names, request
        )
    resolved = await configuration.get(connection, row.configuration)
    why = await relations(connection, viewer, row.owner)
    people = [row.opened_by, row.caller, row.assigned_to]
    names = await directory_words(connection, people, [row.assignment_group])
    return _content(row, viewer, resolved.organisation.catalog, why, names)


def _tried(row: Any) -> ScalarSelect[Any]:
    """The ledger's entry of the effect that the task is about: of the step, or of taking it back."""
    step = f"{row.task_line}:{row.task_step}:{row.task_attempt}"
    back = row.task_purpose == TaskPurpose.UNDO
    entry = func.jsonb_build_object(
        "target", effect.c.target, "attempts", effect.c.attempts, "last_at", effect.c.last_at
    )
    return select(entry).where(effect.c.key == (f"{step}:undo:1" if back else step)).scalar_subquery()


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
    return TaskContent(
        view=RecordView(**fields),
        purpose=TaskPurpose(row.task_purpose),
        step_key=row.task_step,
        line_number=row.task_line,
        instruction=in_language(row.task_instruction, viewer.language),
        attempt=row.task_attempt,
        item=catalog.get(row.item),
        relations=why,
        names=names,
        request=request,
    )
