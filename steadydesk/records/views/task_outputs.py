"""What people entered in the forms of tasks that they completed; what is sensitive there is in no view."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import ARRAY, JSONPATH
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.form import Form
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.request import RequestProcess, TaskPurpose, TaskRun, TaskState
from steadydesk.policies.form import sensitive
from steadydesk.records import texts
from steadydesk.records.tables.process import process

_REFS = "$.lines[*].steps.* ? (exists(@.task)).outputs.ref"


class Entered(NamedTuple):
    """``outputs`` answer the ``form`` of the task ``number``."""

    number: str
    form: Form
    outputs: dict[str, Any]


def form_asked(item: CatalogItem, key: str, purpose: str) -> Form | None:
    """What completing such a task of the item asks for; None where that is not known beforehand."""
    step = item.plan.steps.get(key)
    if purpose != TaskPurpose.STEP:
        # A failed step that a person did by hand has whatever its connector would have given.
        return None if purpose == TaskPurpose.DECIDE else Form()
    return (step.form if step else None) or Form()


def output_refs() -> ColumnElement[str]:
    """The texts that steps with a task gave, a row each; within a statement about ``process``."""
    found = func.jsonb_path_query(process.c.document, sql_cast(_REFS, JSONPATH)).column_valued("output")
    return found.op("#>>")(literal([], ARRAY(Text)))


async def read_outputs(
    connection: AsyncConnection, organisation: Organisation, owner: str, number: str
) -> dict[str, Any]:
    """What the task ``number`` of the request ``owner`` gave; the caller has checked visibility."""
    found = await connection.scalar(select(process.c.document).where(process.c.number == owner))
    document = RequestProcess.model_validate(found)
    runs = (placed.line.steps[placed.step] for placed in document.tasks() if placed.step)
    refs = [run.outputs.ref for run in runs if run.outputs and run.task and run.task.number == number]
    given = entered(document, organisation, await texts.read(connection, refs))
    return next((one.outputs for one in given if one.number == number), {})


def entered(
    document: RequestProcess, organisation: Organisation, bodies: Mapping[str, Any]
) -> Iterator[Entered]:
    """Of each completed task whose step still has it; ``bodies`` are texts by reference."""
    for line in document.lines:
        item = organisation.catalog.get(line.item)
        for key, run in line.steps.items():
            given = bodies.get(run.outputs.ref) if run.outputs else None
            if item is None or run.task is None or not _is_done(run.task) or not isinstance(given, dict):
                continue
            form = form_asked(item, key, run.task.purpose) or Form()
            outputs = open_outputs(form, cast("dict[str, Any]", given))
            if outputs:
                yield Entered(run.task.number, form, outputs)


def open_outputs(form: Form, given: Mapping[str, Any]) -> dict[str, Any]:
    """Those that the form asks for and that everybody who sees the task may read."""
    shown = form.fields.keys() - sensitive(form)
    return {name: value for name, value in given.items() if name in shown}


def _is_done(task: TaskRun) -> bool:
    return task.state is TaskState.CLOSED_COMPLETE and task.purpose is TaskPurpose.STEP
