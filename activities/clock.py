"""What a request does when a date has come: reminders, expiry, breaches, follow-ups, surveys."""

from collections.abc import Awaitable, Callable

from temporalio import activity

from activities import escalation, steps, task_dates
from activities.approvers import one_level_up
from activities.closing import begin_undo
from activities.gates import ask_people, close_gate
from activities.questions import calendar_of, end_question, follow_up
from activities.task import find_task
from activities.task_queue import close_task
from activities.transition import Transitions
from activities.voice import expire_survey, send_survey
from activities.work import RequestWork
from steadydesk.contracts.agenda import Answer
from steadydesk.contracts.approval_policy import OnExpiry
from steadydesk.contracts.gate import Gate, GateState
from steadydesk.contracts.request import RequestProcess, StepState, TaskPurpose, TaskState
from steadydesk.contracts.request_commands import Tick
from steadydesk.contracts.sla import BREACH_PERCENT
from steadydesk.contracts.survey import SurveyState
from steadydesk.policies import sla_steps as sla
from steadydesk.policies.alarms import AlarmKind, Due, alarms
from steadydesk.policies.calendar import add_business_time
from steadydesk.policies.request import BeginUndo
from steadydesk.policies.sla_measure import due_at
from steadydesk.policies.waiting_gate import outcome_of_expiry


class ClockActivities:
    """Local activities of a request's own dates."""

    def __init__(self, transitions: Transitions[RequestProcess]) -> None:
        self.transitions = transitions

    @activity.defn
    async def ring_alarms(self, tick: Tick) -> Answer:
        """Do everything that is due at ``tick.at``; an alarm that a command has overtaken does nothing."""
        return await self.transitions.tick(ring_all, tick)


async def ring_all(work: RequestWork) -> None:
    seen: set[Due] = set()
    while True:
        ahead = alarms(work.process, work.organisation, work.calendars, work.at)
        due = next((each for each in ahead if each.at <= work.at and each not in seen), None)
        if due is None:
            return
        seen.add(due)
        await _ring(work, due)


async def _ring(work: RequestWork, due: Due) -> None:
    await _RINGS[due.kind](work, due)


async def _question_limit(work: RequestWork, due: Due) -> None:
    end_question(work, work.process.gates[due.subject])
    work.note("gate.unanswered", due.subject)


async def _plan_start(work: RequestWork, due: Due) -> None:
    """The plan's first move was waiting for nothing else than this instant."""


async def _survey(work: RequestWork, due: Due) -> None:
    del due
    await (send_survey if work.process.survey is SurveyState.WAITING else expire_survey)(work)


async def _gate_clock(work: RequestWork, due: Due) -> None:
    gate = work.process.gates[due.subject]
    assert due.percent is not None
    gate.clock = sla.fire(gate.clock, due.percent, due.at)
    work.gates.add(gate.id)
    if due.percent < BREACH_PERCENT:
        audience = _not_voted(gate)
        work.note("gate.reminded", gate.id, percent=due.percent)
        decide_by = due_at(gate.clock, work.calendars, work.at)
        work.tell("approval.reminder", audience, gate.id, percent=due.percent, line=gate.line, due=decide_by)
        return
    await _expire(work, gate)


def _not_voted(gate: Gate) -> list[str]:
    voted = {ballot.natural for ballot in gate.ballots}
    return [f"p:{person.person}" for person in gate.eligible if person.natural not in voted]


async def _expire(work: RequestWork, gate: Gate) -> None:
    """The policy's outcome: refuse, cancel, escalate, or approve where it says so."""
    policy = work.organisation.approval_policies[gate.policy]
    stage = policy.stages[gate.stage]
    outcome = outcome_of_expiry(stage, gate)
    if outcome is OnExpiry.ESCALATE:
        await _escalate(work, gate)
        return
    ended = {
        OnExpiry.REJECT: GateState.REJECTED,
        OnExpiry.CANCEL: GateState.CANCELLED,
        OnExpiry.APPROVE: GateState.APPROVED,
    }[outcome]
    close_gate(work, gate, ended, "expired")
    audience = [*work.process.customers(work.at), *_not_voted(gate)]
    work.tell("approval.expired", audience, gate.id, outcome=ended.value, line=gate.line)


async def _escalate(work: RequestWork, gate: Gate) -> None:
    """Ask the next level as well, with the stage's time once more; who was asked before may still decide."""
    policy = work.organisation.approval_policies[gate.policy]
    line = work.process.line(gate.line)
    above = await one_level_up(work, policy, line, gate.eligible)
    known = {person.natural for person in gate.eligible}
    gate.eligible += [person for person in above if person.natural not in known]
    gate.escalations += 1
    gate.clock = sla.reset(gate.clock, work.at)
    work.note("gate.escalated", gate.id, level=gate.escalations, added=len(above))
    ask_people(work, gate, gate.eligible, "approval.escalated")


async def _promise_clock(work: RequestWork, due: Due) -> None:
    line = work.process.line(due.subject)
    assert due.percent is not None
    line.clock = sla.fire(line.clock, due.percent, due.at)
    item = work.organisation.catalog[line.item]
    work.note("promise.fired", line.number, percent=due.percent)
    if due.percent < BREACH_PERCENT:
        work.tell("clock.warning", [f"g:{item.fulfilment_group}"], line.number, percent=due.percent)
        return
    audience = await escalation.to_manager(work, item.fulfilment_group, item.function)
    work.tell("clock.breached", audience, line.number)
    line.expected_at = add_business_time(work.calendars[item.calendar], work.at, line.clock.target / 2)
    work.tell(
        "request.expected-date-changed",
        work.process.customers(work.at, line.requested_for),
        line.number,
        expected_at=line.expected_at,
    )


async def _follow_up(work: RequestWork, due: Due) -> None:
    task, line, step = find_task(work, due.subject)
    if follow_up(work, line, task):
        await steps.fail(work, line, step, "NoAnswer")


async def _task_reminder(work: RequestWork, due: Due) -> None:
    task, _, _ = find_task(work, due.subject)
    task_dates.remind(work, task)


async def _task_due(work: RequestWork, due: Due) -> None:
    task, line, _ = find_task(work, due.subject)
    await task_dates.escalate(work, work.process.function, calendar_of(work, line), task)


async def _task_end(work: RequestWork, due: Due) -> None:
    """A failed step on which nobody decided has failed for good; any other task stays, and its owners know."""
    task, line, step = find_task(work, due.subject)
    if task.purpose is not TaskPurpose.DECIDE:
        await task_dates.escalate_again(work, work.process.function, task)
        return
    close_task(work, task, TaskState.CLOSED_INCOMPLETE)
    work.note("step.decided", f"{line.number}/{step}", action="fail", reason="nobody decided")
    steps.end(work, line, step, StepState.FAILED)


async def _returned(work: RequestWork, due: Due) -> None:
    """Remind the requester half-way; then the refusal stands, and what was recalled is withdrawn."""
    line = work.process.line(due.subject)
    if not line.return_reminded:
        line.return_reminded = True
        work.note("line.return-reminded", line.number, until=line.return_until)
        work.tell("request.returned", work.process.customers(work.at, line.requested_for), line.number)
        return
    line.return_until = None
    work.note("line.not-resubmitted", line.number)
    await begin_undo(work, BeginUndo(line, "cancelled" if line.recalled else "rejected"))


async def _step_date(work: RequestWork, due: Due) -> None:
    assert due.line is not None
    assert due.step is not None
    line = work.process.line(due.line)
    run = line.steps[due.step]
    run.wake_at = None
    if run.state is StepState.OPEN:
        steps.end(work, line, due.step, StepState.DONE)


_RINGS: dict[AlarmKind, Callable[[RequestWork, Due], Awaitable[None]]] = {
    AlarmKind.GATE_CLOCK: _gate_clock,
    AlarmKind.QUESTION_LIMIT: _question_limit,
    AlarmKind.PROMISE_CLOCK: _promise_clock,
    AlarmKind.FOLLOW_UP: _follow_up,
    AlarmKind.TASK_REMINDER: _task_reminder,
    AlarmKind.TASK_DUE: _task_due,
    AlarmKind.TASK_END: _task_end,
    AlarmKind.STEP_DATE: _step_date,
    AlarmKind.RESUBMISSION: _returned,
    AlarmKind.PLAN_START: _plan_start,
    AlarmKind.SURVEY: _survey,
}
"""What each date does; a test holds that none is missing."""
