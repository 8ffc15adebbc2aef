"""Why an approval gate waits: for whom, until when, and what its policy says then."""

from collections.abc import Mapping
from datetime import datetime

from steadydesk.contracts.agenda import Waiting, WaitingKind
from steadydesk.contracts.approval_policy import OnExpiry, Stage
from steadydesk.contracts.calendar import Calendar
from steadydesk.contracts.gate import Gate, Question
from steadydesk.contracts.language import in_language
from steadydesk.contracts.organisation import Organisation
from steadydesk.policies.sla_measure import due_at

MOST_ESCALATIONS = 2
"""Each one level up the line; after that the policy's last word."""

_ESCALATES = "it goes one level up; where nobody is above, to the fallback group"
_ENDS = {
    OnExpiry.REJECT: "it counts as refused",
    OnExpiry.CANCEL: "the line is cancelled",
    OnExpiry.APPROVE: "it counts as approved",
}


def outcome_of_expiry(stage: Stage, gate: Gate) -> OnExpiry:
    """What the end of the gate's time brings next: once more an escalation, or the end."""
    outcome = stage.on_expiry or OnExpiry.REJECT
    if outcome is OnExpiry.ESCALATE and gate.escalations >= MOST_ESCALATIONS:
        return OnExpiry(stage.after_escalation)
    return outcome


def explain_gate(
    organisation: Organisation,
    calendars: Mapping[str, Calendar],
    gate: Gate,
    answering: list[str],
    now: datetime,
) -> Waiting:
    """``answering`` are those who answer questions, by reference."""
    stage = organisation.approval_policies[gate.policy].stages[gate.stage]
    if gate.question is not None:
        return _explain_question(stage, gate.id, gate.question, answering)
    voted = {ballot.natural for ballot in gate.ballots}
    return Waiting(
        kind=WaitingKind.APPROVAL,
        subject=gate.id,
        what=f"the approval '{in_language(stage.label)}'",
        label=stage.label,
        whom=_approvers(stage, gate),
        people=[person.person for person in gate.eligible if person.natural not in voted],
        group=next(
            (p.capacity.removeprefix("group:") for p in gate.eligible if p.capacity.startswith("group:")),
            None,
        ),
        since=gate.opened_at,
        until=due_at(gate.clock, calendars, now),
        then=_ENDS.get(outcome_of_expiry(stage, gate), _ESCALATES),
    )


def _explain_question(stage: Stage, gate: str, question: Question, answering: list[str]) -> Waiting:
    return Waiting(
        kind=WaitingKind.INFORMATION,
        subject=gate,
        what=f"an answer for the approval '{in_language(stage.label)}'",
        label=stage.label,
        whom="requester",
        people=answering,
        since=question.asked_at,
        until=question.until,
        then="the approval's clock goes on without the answer",
    )


def _approvers(stage: Stage, gate: Gate) -> str:
    rule = stage.rule
    how = (
        "all of"
        if rule.all
        else f"{rule.count} of"
        if rule.count
        else f"{rule.percent:g} % of"
        if rule.percent
        else ""
    )
    names = sorted({_capacity(person.capacity) for person in gate.eligible})
    return f"{how} {' or '.join(names) or 'nobody'}".strip()


def _capacity(capacity: str) -> str:
    kind, _, key = capacity.partition(":")
    return f"group {key}" if key else {"own": "named approver", "added": "added approver"}.get(kind, kind)
