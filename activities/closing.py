"""How a line, a round of approval and an order end."""

from datetime import datetime

from sqlalchemy import select

from activities.gates import close_gate, enter
from activities.steps import NO_DATE, end
from activities.task_queue import close_task
from activities.work import RequestWork
from steadydesk.contracts.approval_policy import RESUBMIT_WITHIN
from steadydesk.contracts.gate import Gate, GateState
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line, RequestState, StepState, TaskState
from steadydesk.contracts.survey import SurveyState
from steadydesk.policies import sla_steps as sla
from steadydesk.policies.approval import unowed
from steadydesk.policies.calendar import add_business_time
from steadydesk.policies.grant import GRANT_ENDED
from steadydesk.policies.plan import HOLDER_LEFT
from steadydesk.policies.pre_approval import ENDED
from steadydesk.policies.request import BeginUndo, CloseLine, CloseOrder, EndRound, ReturnLine
from steadydesk.policies.written_date import written_day
from steadydesk.records.tables.directory import person_group
from steadydesk.records.voice import may_survey

_MESSAGE = {
    Phase.COMPLETE: "request.completed",
    Phase.SKIPPED: "request.completed",
    Phase.INCOMPLETE: "request.incomplete",
    Phase.REJECTED: "request.rejected",
    Phase.CANCELLED: "request.cancelled",
}

_BECAUSE = {
    HOLDER_LEFT: {
        "en": "The person it was for has left. What had been done for it is taken back.",
        "de": "Die Person, für die bestellt wurde, ist ausgeschieden. Was dafür schon getan wurde, ist "
        "zurückgenommen.",
    },
    GRANT_ENDED: {
        "en": "What it was to extend had ended before it was approved. Order it again if it is still needed.",
        "de": "Was verlängert werden sollte, war vor der Genehmigung schon beendet. Bestellen Sie es neu, falls "
        "es noch gebraucht wird.",
    },
    NO_DATE: {"en": "The new end is no date.", "de": "Das neue Ende ist kein Datum."},
}

_NO_LONGER_IN_ADVANCE = {
    "en": "{group} had approved it in advance until {day}, and nobody approves it at present. Order it again when it "
    "was approved anew; {group} can tell when.",
    "de": "{group} hatte es im Voraus bis {day} genehmigt, und zurzeit genehmigt es niemand. Bestellen Sie es neu, "
    "sobald es wieder genehmigt ist; Auskunft gibt {group}.",
}


async def end_round(work: RequestWork, move: EndRound) -> None:
    """A refused line is returned to the requester, or taken back and closed, as the policy says."""
    line = move.line
    cancel_gates(work, line, "the round has ended")
    if move.returned:
        return_line(work, line, gate=move.gate.id)
        return
    line.close_code = "cancelled" if move.gate.state is GateState.CANCELLED else "rejected"
    enter(work, line, Phase.UNDOING)


def return_line(
    work: RequestWork, line: Line, *, gate: str | None = None, event: str = "request.returned"
) -> None:
    """It is the requester's, for the time that its policy gives for a resubmission."""
    item = work.organisation.catalog[line.item]
    policy = work.organisation.approval_policies[item.approval] if item.approval else None
    calendar, within = (
        (policy.calendar, policy.resubmit_within) if policy else (item.calendar, RESUBMIT_WITHIN)
    )
    enter(work, line, Phase.RETURNED)
    line.clock = sla.pause(line.clock, work.at, "returned")
    line.return_until = add_business_time(work.calendars[calendar], work.at, within)
    line.return_reminded, line.returning, line.close_code = False, False, None
    work.note("line.returned", line.number, gate=gate)
    customers = work.process.customers(work.at, line.requested_for)
    work.tell(event, customers, line.number, gate=gate, due=line.return_until)


async def give_back(work: RequestWork, move: ReturnLine) -> None:
    """All that had been done for it is taken back."""
    return_line(work, move.line)


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
            _cancel_gate(work, gate, reason)


def cancel_unowed_gates(work: RequestWork) -> None:
    """A parallel stage stays open when another one has decided for its step; nobody is asked in vain."""
    for gate in unowed(work.process):
        _cancel_gate(work, gate, "nothing waits for it")


def _cancel_gate(work: RequestWork, gate: Gate, reason: str) -> None:
    close_gate(work, gate, GateState.CANCELLED, reason)
    audience = [f"p:{person.person}" for person in gate.eligible]
    work.tell("approval.cancelled", audience, gate.id, reason=reason)


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
    audience = work.process.customers(work.at, line.requested_for)
    if line.close_code == HOLDER_LEFT:
        audience += _owners(work)
    because = await _because(work, line)
    work.tell(_MESSAGE[move.phase], audience, line.number, close_code=line.close_code, **because)


def _owners(work: RequestWork) -> list[str]:
    """Who answers for the order: its function's process owners, of a restricted one the groups that it names."""
    named = [f"g:{group}" for group in work.process.restricted_to]
    return named or [f"f:{work.process.function}"]


async def _because(work: RequestWork, line: Line) -> dict[str, dict[str, str]]:
    """Why, where the customer cannot see it from what was decided, and what they can do."""
    if line.extension_problem:
        return {"because": _BECAUSE.get(line.extension_problem, {})}
    if line.close_code == HOLDER_LEFT:
        return {"because": _BECAUSE[HOLDER_LEFT]}
    advance = work.organisation.catalog[line.item].pre_approved
    if line.close_code != ENDED or advance is None:
        return {}
    named = select(person_group.c.label).where(person_group.c.key == advance.by)
    group = await work.connection.scalar(named) or advance.by
    return {
        "because": {
            language: words.format(group=group, day=written_day(advance.until, language))
            for language, words in _NO_LONGER_IN_ADVANCE.items()
        }
    }


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
