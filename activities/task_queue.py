"""People's tasks of a request: opened here, acted on by their own commands, projected with their record."""

from datetime import datetime

from sqlalchemy import insert

from activities.work import RequestWork
from steadydesk.contracts.language import LocalisedText
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.plan import StepKind
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

_OR_BY_HAND: LocalisedText = {
    "en": "This step failed. Decide: retry, skip or abort, or complete it: it was done by hand.",
    "de": "Dieser Schritt ist fehlgeschlagen. Entscheiden: wiederholen, überspringen oder abbrechen, "
    "oder erledigt: Es wurde von Hand getan.",
}
MAY_BE_BY_HAND = (StepKind.CONNECTOR, StepKind.MANUAL)
"""What people can have done in the place of a step that failed."""


async def open_task(
    work: RequestWork,
    line: Line,
    step: str,
    purpose: TaskPurpose,
    group: str,
    due: datetime | None = None,
    *,
    asked: LocalisedText | None = None,
) -> TaskRun:
    """Put a task into a group's queue and tell the group. Without ``due`` it is due with the line's promise; what
    takes something back as long from now as that is.

    ``asked`` is what a connector says that a person has to do; the step's own instruction comes before it.
    """
    due = due or _due(work, line, purpose)
    number = await draw_number(work.connection, RecordKind.TASK)
    run = TaskRun(number=number, purpose=purpose, group=group, opened_at=work.at, due_at=due)
    await work.connection.execute(
        insert(task_table).values(
            number=run.number,
            owner=work.process.number,
            line=line.number,
            step=step,
            purpose=purpose.value,
            instruction=_instruction(work, line, step, purpose) or asked or _WORDS[purpose],
            attempt=line.steps[step].attempt if step in line.steps else 1,
        )
    )
    work.show_to(f"g:{group}", Relation.FULFILMENT_GROUP)
    work.note("task.opened", run.number, step=step, purpose=purpose.value, group=group, due=due)
    work.tell("task.opened", [f"g:{group}"], run.number, line=line.number, step=step, due=due)
    return run


def _due(work: RequestWork, line: Line, purpose: TaskPurpose) -> datetime:
    """When the line is expected; a task of one that is late, and what takes something back, whenever that was for, has
    the time of the promise from now on.
    """
    if purpose is not TaskPurpose.UNDO and line.expected_at is not None and line.expected_at > work.at:
        return line.expected_at
    item = work.organisation.catalog[line.item]
    return add_business_time(work.calendars[item.calendar], work.at, item.promise)


def close_task(work: RequestWork, run: TaskRun, state: TaskState) -> None:
    """End it for good; lists hear of it even where its step takes up another task in its place."""
    run.state, run.closed_at, run.question = state, work.at, None
    work.closed_tasks += [placed for placed in work.process.tasks() if placed.run is run]
    work.note("task.closed", run.number, state=state.value)


def _instruction(work: RequestWork, line: Line, step: str, purpose: TaskPurpose) -> LocalisedText | None:
    """What the plan itself says that a person has to do, and what its kind of step lets them decide."""
    definition = work.organisation.catalog[line.item].plan.steps.get(step)
    match purpose:
        case TaskPurpose.STEP if definition is not None:
            return definition.instruction
        case TaskPurpose.UNDO if definition is not None and definition.undo is not None:
            return definition.undo.instruction
        case TaskPurpose.DECIDE if definition is not None and definition.kind in MAY_BE_BY_HAND:
            return _OR_BY_HAND
        case _:
            return None
