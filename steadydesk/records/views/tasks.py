"""A task as its people need it: instruction, form, the line's answers, and for its group the sensitive ones."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.form import Form
from steadydesk.contracts.language import in_language
from steadydesk.contracts.numbers import RecordKind, kind_of
from steadydesk.contracts.request import RequestProcess, TaskState
from steadydesk.contracts.views import RecordView, TaskView
from steadydesk.policies.form import json_schema, sensitive
from steadydesk.records import configuration
from steadydesk.records.sensitive import SensitiveRead, disclose
from steadydesk.records.tables.process import process, record
from steadydesk.records.tables.task import task
from steadydesk.records.views.failures import (
    AFTER_FAILURE,
    failure_view,
    problem_of_grant,
    problem_of_step,
    tried,
)
from steadydesk.records.views.requests import line_answers, open_answers
from steadydesk.records.views.task_outputs import form_asked, read_outputs
from steadydesk.records.views.visibility import Viewer


@dataclass(frozen=True)
class TaskReader:
    """Who asks. ``groups`` are those whose open tasks show them what is sensitive."""

    viewer: Viewer
    groups: frozenset[str]
    method: str


async def task_view(connection: AsyncConnection, reader: TaskReader, view: RecordView) -> TaskView:
    """What stands in ``view``, which the caller may see, with all that belongs to the task."""
    row = (
        await connection.execute(
            select(task, record.c.configuration, tried().label("tried"))
            .join(record, record.c.number == task.c.number)
            .where(task.c.number == view.number)
        )
    ).one_or_none()
    if row is None:
        return TaskView(**view.model_dump())
    resolved = await configuration.get(connection, row.configuration)
    item = resolved.organisation.catalog.get(view.item or "")
    answers, effective_at = await line_answers(connection, row.line)
    more: dict[str, Any] = {}
    if item is not None:
        more = await _of_item(connection, reader, view, item, row.step, row.purpose, answers)
        more["variables"] = open_answers(resolved.organisation, view.item or "", answers, effective_at)
    if view.state == TaskState.CLOSED_COMPLETE and kind_of(view.owner) is RecordKind.REQUEST:
        more["outputs"] = await read_outputs(connection, resolved.organisation, view.owner, view.number)
    return TaskView(
        **view.model_dump(),
        line=row.line,
        step=row.step,
        purpose=row.purpose,
        instruction=in_language(row.instruction, reader.viewer.language),
        failure=failure_view(reader.viewer, view, await _problem(connection, row), row.tried),
        **more,
    )


async def _of_item(
    connection: AsyncConnection,
    reader: TaskReader,
    view: RecordView,
    item: CatalogItem,
    key: str,
    purpose: str,
    answers: dict[str, Any],
) -> dict[str, Any]:
    step = item.plan.steps.get(key)
    hidden = sensitive(item.form)
    given: dict[str, Any] = {}
    if step is not None and view.open and view.assignment_group in reader.groups:
        read = SensitiveRead(view.owner, view.number, reader.viewer.person, reader.method, reader.viewer.now)
        given = await disclose(connection, read, answers, hidden & set(step.shows))
    asked = form_asked(item, key, purpose)
    schema = json_schema(asked, reader.viewer.language) if asked and asked.fields else None
    return {"form": schema, "sensitive": given}


async def _problem(connection: AsyncConnection, row: Row[Any]) -> str | None:
    """Why the step failed; None for a task that no failure opened."""
    if row.purpose not in AFTER_FAILURE:
        return None
    if kind_of(row.owner) is not RecordKind.REQUEST:
        return problem_of_grant(row.tried)
    found = await connection.scalar(select(process.c.document).where(process.c.number == row.owner))
    return problem_of_step(RequestProcess.model_validate(found), row.line, row.step, row.attempt)


async def form_of(connection: AsyncConnection, number: str) -> Form | None:
    """What completing the task asks for, an empty form for nothing; None where that is not known beforehand."""
    row = (
        await connection.execute(
            select(task.c.step, task.c.purpose, record.c.item, record.c.configuration)
            .join(record, record.c.number == task.c.number)
            .where(task.c.number == number)
        )
    ).one_or_none()
    if row is None:
        return None
    resolved = await configuration.get(connection, row.configuration)
    item = resolved.organisation.catalog.get(row.item)
    return form_asked(item, row.step, row.purpose) if item else None
