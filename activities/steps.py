"""Start, settle and take back the steps of a plan inside the record; what leaves the database is an errand."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from activities.effect import BY_HAND
from activities.grant_register import end_registered, register_grant, revoke_registered
from activities.task_dates import open_decision
from activities.task_queue import open_task
from activities.values import holds, value_of, value_or_none, values_of
from activities.work import RequestWork
from steadydesk.contracts.base import YEARS
from steadydesk.contracts.calendar import Calendar
from steadydesk.contracts.language import LocalisedText
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.plan import GrantDefinition, Step, StepKind
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line, StepRun, StepState, TaskPurpose, UndoState
from steadydesk.errors import InvalidInput
from steadydesk.policies.calendar import add_business_time
from steadydesk.policies.expression import ExpressionError
from steadydesk.policies.plan import after_failure
from steadydesk.policies.request import SettleStep, StartStep, UndoStep
from steadydesk.records.directory_facts import has_left
from steadydesk.records.processes import draw_number

NO_DATE = "NoDate"
"""The problem of a step whose date is none."""

HOLDER_LEFT = "HolderLeft"
"""The problem of a step that would grant something to somebody who has left."""


async def start(work: RequestWork, move: StartStep) -> None:
    """Start a step whose needs are met, or skip it where its condition does not hold."""
    line, key = move.line, move.step
    step = work.organisation.catalog[line.item].plan.steps[key]
    run = line.steps.setdefault(key, StepRun())
    run.started_at = work.at
    if step.when is not None and not holds(step.when, await values_of(work.connection, work.process, line)):
        end(work, line, key, StepState.SKIPPED)
        return
    work.note("step.started", f"{line.number}/{key}", kind=step.kind.value, attempt=run.attempt)
    if obstacle := await _obstacle(work, line, step):
        await fail(work, line, key, obstacle)
        return
    match step.kind:
        case StepKind.MANUAL:
            await _give_to_person(work, line, key)
        case StepKind.WAIT:
            await _wait(work, line, key, step, run)
        case StepKind.REQUEST:
            run.state, run.child = (
                StepState.RUNNING,
                run.child or await draw_number(work.connection, RecordKind.REQUEST),
            )
        case StepKind.CONNECTOR:
            run.state = StepState.RUNNING
        case StepKind.APPROVAL:
            run.state = StepState.OPEN


async def _give_to_person(
    work: RequestWork, line: Line, key: str, asked: LocalisedText | None = None
) -> None:
    step, run = work.organisation.catalog[line.item].plan.steps[key], line.steps[key]
    due = add_business_time(_calendar(work, line), work.at, step.due) if step.due else None
    run.state = StepState.OPEN
    run.task = await open_task(
        work, line, key, TaskPurpose.STEP, step.group or _group(work, line), due, asked=asked
    )


async def hand_over(work: RequestWork, line: Line, key: str, asked: LocalisedText | None) -> None:
    """No machine does the step: a person does, as ``asked``, unless its line is being taken back."""
    if line.phase is Phase.UNDOING:
        line.steps[key].problem = BY_HAND
        end(work, line, key, StepState.STOPPED)
    else:
        await _give_to_person(work, line, key, asked)


async def _wait(work: RequestWork, line: Line, key: str, step: Step, run: StepRun) -> None:
    values = await values_of(work.connection, work.process, line)
    assert step.until is not None
    try:
        moment = instant_of(value_of(step.until, values), _calendar(work, line).zone) + step.offset
    except (InvalidInput, ExpressionError, ValueError):
        await fail(work, line, key, NO_DATE)
        return
    if moment <= work.at:
        end(work, line, key, StepState.DONE)
    else:
        run.state, run.wake_at = StepState.OPEN, moment


def instant_of(value: object, zone: str) -> datetime:
    """An instant from an ISO date (the start of that day in ``zone``) or date-time; ValueError otherwise, and for a
    year that is none of ``YEARS``.
    """
    if not isinstance(value, str):
        raise ValueError(f"not a date: {type(value).__name__}")  # noqa: TRY004 - a value like any other wrong one
    found = datetime.fromisoformat(value)
    if found.year not in YEARS:
        raise ValueError(f"not a date of our time: {found.year}")
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def end_of(value: object, zone: str) -> datetime:
    """When what lasts until ``value`` ends: after the whole of a day, or at an instant; else as ``instant_of``."""
    at = instant_of(value, zone)
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        return at
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)


async def settle(work: RequestWork, move: SettleStep) -> None:
    """A refusal is a failure like any other: the line fails, the step is skipped, or a person decides."""
    if move.approved:
        end(work, move.line, move.step, StepState.DONE)
    else:
        await fail(work, move.line, move.step, "Rejected")


def end(work: RequestWork, line: Line, key: str, state: StepState) -> None:
    """End a step; the order in which steps end is the reverse of the order in which they are undone."""
    run = line.steps[key]
    work.process.ended_steps += 1
    run.state, run.ended_at, run.order, run.wake_at = state, work.at, work.process.ended_steps, None
    work.note("step.ended", f"{line.number}/{key}", state=state.value, problem=run.problem)


async def succeed(work: RequestWork, line: Line, key: str) -> None:
    """The step did what it should; where it grants something, the register has it from now on."""
    end(work, line, key, StepState.DONE)
    step = work.organisation.catalog[line.item].plan.steps[key]
    if step.grant is None:
        return
    run = line.steps[key]
    run.grant = await draw_number(work.connection, RecordKind.GRANT)
    try:
        expires = await _grant_end(work, line, step.grant)
    except (ExpressionError, ValueError):
        # Nobody keeps what was granted for a time that nobody knows.
        run.problem, expires = NO_DATE, work.at
    await register_grant(work, line, key, run.grant, expires)


async def _grant_end(work: RequestWork, line: Line, grant: GrantDefinition) -> datetime | None:
    """None where the step names none, or no value is there; ExpressionError or ValueError for what is no date."""
    if grant.until is None:
        return None
    until = value_or_none(grant.until, await values_of(work.connection, work.process, line))
    return end_of(until, _calendar(work, line).zone) if until else None


async def _obstacle(work: RequestWork, line: Line, step: Step) -> str | None:
    """Why the step must not grant what it would: to somebody who has left, or until what is no date."""
    if step.grant is None:
        return None
    if not line.for_future_person and await has_left(work.connection, line.requested_for):
        return HOLDER_LEFT
    try:
        await _grant_end(work, line, step.grant)
    except (ExpressionError, ValueError):
        return NO_DATE
    return None


async def fail(work: RequestWork, line: Line, key: str, problem: str) -> None:
    """The step failed for good: fail, skip or let a person decide, as the plan says; nobody is asked about a
    step of a line that is being taken back.
    """
    run = line.steps[key]
    run.problem = problem
    plan = work.organisation.catalog[line.item].plan
    state = StepState.FAILED if line.phase is Phase.UNDOING else after_failure(plan, key)
    group = _group(work, line)
    work.tell("step.failed", [f"g:{group}"], f"{line.number}/{key}", problem=problem, line=line.number)
    if state is StepState.DECIDING:
        run.state = state
        run.task = await open_decision(work, line, key, group, plan.steps[key].decide_within)
        work.note("step.undecided", f"{line.number}/{key}", problem=problem)
    else:
        end(work, line, key, state)


async def undo(work: RequestWork, move: UndoStep) -> None:
    """Take one step back: by its connector, by a person, or by cancelling its child request."""
    line, key = move.line, move.step
    run = line.steps[key]
    step = work.organisation.catalog[line.item].plan.steps[key]
    way = step.undo
    if run.grant is not None:
        await revoke_registered(work, run.grant)
    if step.kind is StepKind.REQUEST and run.child is not None:
        run.undo = UndoState.RUNNING
    elif way is None or way.nothing is not None:
        run.undo = UndoState.NOT_NEEDED
        if run.grant is not None:
            await end_registered(work, run.grant)
    elif way.call is not None:
        run.undo = UndoState.RUNNING
    else:
        run.undo = UndoState.OPEN
        run.undo_task = await open_task(work, line, key, TaskPurpose.UNDO, way.group or _group(work, line))
    work.note("undo.started", f"{line.number}/{key}", way=run.undo.value)


async def undo_by_hand(work: RequestWork, line: Line, key: str, asked: LocalisedText | None) -> None:
    """No machine takes the step back: a person does, as ``asked``."""
    run = line.steps[key]
    group = work.organisation.catalog[line.item].plan.steps[key].group or _group(work, line)
    run.undo = UndoState.OPEN
    run.undo_task = await open_task(work, line, key, TaskPurpose.UNDO, group, asked=asked)


async def undo_failed(work: RequestWork, line: Line, key: str, problem: str) -> None:
    """What could not be taken back goes to a person, and nobody loses it."""
    run = line.steps[key]
    group = _group(work, line)
    run.undo, run.problem = UndoState.OPEN, problem
    run.undo_task = await open_task(work, line, key, TaskPurpose.UNDO, group)
    work.note("undo.failed", f"{line.number}/{key}", problem=problem)
    work.tell("undo.failed", [f"g:{group}"], f"{line.number}/{key}", problem=problem, line=line.number)


def _group(work: RequestWork, line: Line) -> str:
    return work.organisation.catalog[line.item].fulfilment_group


def _calendar(work: RequestWork, line: Line) -> Calendar:
    return work.calendars[work.organisation.catalog[line.item].calendar]
