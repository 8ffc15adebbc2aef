"""How a line, a round of approval and an order end."""

from datetime import datetime

from activities.gates import close_gate, enter
from activities.steps import end
from activities.task_queue import close_task
from activities.work import RequestWork
from steadydesk.contracts.gate import GateState
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line, RequestState, StepState, SurveyState, TaskState
from steadydesk.policies import sla_steps as sla
from steadydesk.policies.calendar import add_business_time
from steadydesk.policies.request import BeginUndo, CloseLine, CloseOrder, EndRound
from steadydesk.records.voice import may_survey

_MESSAGE = {
    Phase.COMPLETE: "request.completed",
    Phase.SKIPPED: "request.completed",
    Phase.INCOMPLETE: "request.incomplete",
    Phase.REJECTED: "request.rejected",
    Phase.CANCELLED: "request.cancelled",
}


async def end_round(work: RequestWork, move: EndRound) -> None:
    """A refused line is returned to the requester, or taken back and closed, as the policy says."""
    line = move.line
    cancel_gates(work, line, "the round has ended")
    if move.returned:
        enter(work, line, Phase.RETURNED)
        line.clock = sla.pause(line.clock, work.at, "returned")
        policy = work.organisation.approval_policies[move.gate.policy]
        calendar = work.calendars[policy.calendar]
        line.return_until = add_business_time(calendar, work.at, policy.resubmit_within)
        line.return_reminded = False
        work.note("line.returned", line.number, gate=move.gate.id)
        work.tell(
            "request.returned",
            work.process.customers(work.at, line.requested_for),
            line.number,
            gate=move.gate.id,
        )
        return
    line.close_code = "cancelled" if move.gate.state is GateState.CANCELLED else "rejected"
    enter(work, line, Phase.UNDOING)


async def begin_undo(work: RequestWork, move: BeginUndo) -> None:
    """Stop what can be stopped; the rest is undone step by step, in reverse."""
    line = move.line
    line.close_code = move.close_code
    enter(work, line, Phase.UNDOING)
    cancel_gates(work, line, move.close_code)
    for key, run in line.steps.items():
        if run.task is not None and run.task.is_open:
            close_task(work, run.task, TaskState.CANCELLED)
        if run.state in (StepState.OPEN, StepState.DECIDING):
            end(work, line, key, StepState.STOPPED)
    work.note("undo.begun", line.number, close_code=move.close_code)


def cancel_gates(work: RequestWork, line: Line, reason: str) -> None:
    for gate in work.process.gates.values():
        if gate.line == line.number and gate.is_open:
            close_gate(work, gate, GateState.CANCELLED, reason)
            work.tell(
                "approval.cancelled",
                [f"p:{person.person}" for person in gate.eligible],
                gate.id,
                reason=reason,
            )


async def close_line(work: RequestWork, move: CloseLine) -> None:
    """The clock stops, the state is the model's, and the customer is told."""
    line = move.line
    enter(work, line, move.phase)
    line.closed_at = work.at
    line.close_code = line.close_code or move.phase.value
    if line.clock.stage.is_open:
        line.clock = (
            sla.stop(line.clock, work.at)
            if move.phase in (Phase.COMPLETE, Phase.SKIPPED)
            else sla.cancel(line.clock, work.at, line.close_code)
        )
    work.note("line.closed", line.number, phase=move.phase.value, close_code=line.close_code)
    work.tell(
        _MESSAGE[move.phase],
        work.process.customers(work.at, line.requested_for),
        line.number,
        close_code=line.close_code,
    )


async def close_order(work: RequestWork, move: CloseOrder) -> None:
    process = work.process
    process.state, process.closed_at = move.state, work.at
    work.note("request.closed", process.number, state=move.state.value)
    if move.state is not RequestState.CLOSED_COMPLETE or process.parent is not None:
        return
    when = _survey_at(work)
    settings = work.organisation.organisation
    if when is not None and await may_survey(
        work.connection,
        process.number,
        process.opened_by,
        work.at,
        settings.survey_percent,
        settings.survey_every_days,
    ):
        process.survey, process.survey_at = SurveyState.WAITING, when


def _survey_at(work: RequestWork) -> datetime | None:
    """The end of the longest reopen window of the lines, or None where no item asks."""
    ends = [
        add_business_time(work.calendars[item.calendar], work.at, item.survey.reopen_window)
        for item in (work.organisation.catalog[line.item] for line in work.process.lines)
        if item.survey is not None
    ]
    return max(ends, default=None)
