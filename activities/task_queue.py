"""People's tasks of a request: opened here, acted on by their own commands, projected with their record."""

from datetime import datetime

from sqlalchemy import insert

from activities.work import RequestWork
from steadydesk.contracts.language import LocalisedText
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.request import Line, TaskPurpose, TaskRun, TaskState
from steadydesk.policies.calendar import add_business_time
from steadydesk.policies.rights import Relation
from steadydesk.records.processes import draw_number
from steadydesk.records.tables.task import task as task_table

_WORDS: dict[TaskPurpose, LocalisedText] = {
    TaskPurpose.STEP: {"en": "Carry out this step.", "de": "Diesen Schritt ausführen."},
    TaskPurpose.DECIDE: {
        "en": "This step failed. Decide: retry, skip or abort.",
        "de": "Dieser Schritt ist fehlgeschlagen. Entscheiden: wiederholen, überspringen oder abbrechen.",
    },
    TaskPurpose.UNDO: {
        "en": "Take back by hand what this step did, and check that it is gone.",
        "de": "Von Hand zurücknehmen, was dieser Schritt getan hat, und prüfen, dass es weg ist.",
    },
    TaskPurpose.CALL_BACK: {
        "en": "The customer was not satisfied. Call back and listen.",
        "de": "Der Kunde war nicht zufrieden. Zurückrufen und zuhören.",
    },
}


async def open_task(
    work: RequestWork, line: Line, step: str, purpose: TaskPurpose, group: str, due: datetime | None = None
) -> TaskRun:
    """Put a task into a group's queue and tell the group. Without ``due`` it is due with the line's promise."""
    due = due or _due_with_promise(work, line)
    run = TaskRun(
        number=await draw_number(work.connection, RecordKind.TASK),
        purpose=purpose,
        group=group,
        opened_at=work.at,
        due_at=due,
    )
    await work.connection.execute(
        insert(task_table).values(
            number=run.number,
            owner=work.process.number,
            line=line.number,
            step=step,
            purpose=purpose.value,
            instruction=_instruction(work, line, step, purpose),
            attempt=line.steps[step].attempt if step in line.steps else 1,
        )
    )
    work.show_to(f"g:{group}", Relation.FULFILMENT_GROUP)
    work.note("task.opened", run.number, step=step, purpose=purpose.value, group=group, due=due)
    work.tell("task.opened", [f"g:{group}"], run.number, line=line.number, step=step, due=due)
    return run


def _due_with_promise(work: RequestWork, line: Line) -> datetime:
    """When the line is expected; a task of one that is late already has the time of the promise once more."""
    if line.expected_at is not None and line.expected_at > work.at:
        return line.expected_at
    item = work.organisation.catalog[line.item]
    return add_business_time(work.calendars[item.calendar], work.at, item.promise)


def close_task(work: RequestWork, run: TaskRun, state: TaskState) -> None:
    """End it for good; lists hear of it even where its step takes up another task in its place."""
    run.state, run.closed_at, run.question = state, work.at, None
    work.closed_tasks += [placed for placed in work.process.tasks() if placed.run is run]
    work.note("task.closed", run.number, state=state.value)


def _instruction(work: RequestWork, line: Line, step: str, purpose: TaskPurpose) -> LocalisedText:
    definition = work.organisation.catalog[line.item].plan.steps.get(step)
    if definition is None:
        return _WORDS[purpose]
    if purpose is TaskPurpose.STEP and definition.instruction is not None:
        return definition.instruction
    if (
        purpose is TaskPurpose.UNDO
        and definition.undo is not None
        and definition.undo.instruction is not None
    ):
        return definition.undo.instruction
    return _WORDS[purpose]
