"""Another effective date: what waits for it is planned anew, and the child requests that follow it move along."""

from datetime import datetime

from activities.child_order import follows_date
from activities.leaving import unask_unknowing
from activities.lines import must_be_open, open_line
from activities.resubmission import approve_anew, material_of
from activities.silence import keep_silent
from activities.work import RequestWork
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line, StepState
from steadydesk.contracts.request_commands import Reschedule
from steadydesk.errors import InvalidInput
from steadydesk.policies import sla_terms
from steadydesk.policies.approval import differences
from steadydesk.policies.calendar import add_business_time


async def reschedule(work: RequestWork, command: Reschedule) -> None:
    """Move one line, or all that have a date."""
    must_be_open(work)
    lines = [open_line(work, command.line)] if command.line else work.process.lines
    dated = [line for line in lines if line.is_open and _has_date(work, line)]
    if not dated:
        raise InvalidInput(f"'{lines[0].item}' has no effective date")
    for line in dated:
        if line.effective_at != command.effective_at:
            await _move(work, line, command.effective_at)
    # Also of a child whose own date stays: the hour of its parent may have moved.
    await keep_silent(work)
    await unask_unknowing(work)


def _has_date(work: RequestWork, line: Line) -> bool:
    """By its own form, or from the request that ordered it."""
    return line.effective_at is not None or work.organisation.catalog[line.item].effective_at is not None


async def _move(work: RequestWork, line: Line, date: datetime) -> None:
    material, before = await material_of(work, line), line.effective_at
    line.effective_at = date
    _promise_from(work, line, max(work.at, date))
    _plan_anew(work, line)
    await keep_silent(work)
    work.note("line.rescheduled", line.number, before=before, after=date)
    changed = differences(material, await material_of(work, line))
    if changed and line.phase is Phase.APPROVAL:
        approve_anew(work, line, changed)
    work.tell(
        "request.expected-date-changed",
        work.process.customers(work.at, line.requested_for),
        line.number,
        expected_at=line.expected_at,
    )


def _promise_from(work: RequestWork, line: Line, begins: datetime) -> None:
    item = work.organisation.catalog[line.item]
    line.expected_at = add_business_time(work.calendars[item.calendar], begins, item.promise)
    if line.clock.stage.is_open:
        line.clock = sla_terms.reschedule(line.clock, work.calendars, work.at, begins)


def _plan_anew(work: RequestWork, line: Line) -> None:
    """Steps that wait for a date wait anew; a child that is open, or being opened, is to be told."""
    plan = work.organisation.catalog[line.item].plan
    for key, run in line.steps.items():
        if run.state is StepState.OPEN and run.wake_at is not None:
            run.state, run.wake_at = StepState.PENDING, None
            work.note("step.replanned", f"{line.number}/{key}")
        elif run.child is not None and not run.state.has_ended and follows_date(plan.steps[key]):
            run.dates += 1
