"""Why an approval gate waits: for whom, until when, and what its policy says then."""

from collections.abc import Mapping
from datetime import datetime

from steadydesk.contracts.agenda import Waiting, WaitingKind
from steadydesk.contracts.approval_policy import OnExpiry, Stage
from steadydesk.contracts.calendar import Calendar
from steadydesk.contracts.gate import Gate
from steadydesk.contracts.language import in_language
from steadydesk.contracts.organisation import Organisation
from steadydesk.policies.sla_measure import due_at

_ON_EXPIRY = {
    OnExpiry.REJECT: "it counts as refused",
    OnExpiry.ESCALATE: "it goes one level up, then to the fallback group",
    OnExpiry.CANCEL: "the line is cancelled",
    OnExpiry.APPROVE: "it counts as approved",
}


def explain_gate(
    organisation: Organisation, calendars: Mapping[str, Calendar], gate: Gate, now: datetime
) -> Waiting:
    stage = organisation.approval_policies[gate.policy].stages[gate.stage]
    if gate.question is not None:
        return Waiting(
            kind=WaitingKind.INFORMATION,
            subject=gate.id,
            what=f"an answer for the approval '{in_language(stage.label)}'",
            label=stage.label,
            whom="requester",
            since=gate.question.asked_at,
            until=gate.question.until,
            then="the approval's clock goes on without the answer",
        )
    return Waiting(
        kind=WaitingKind.APPROVAL,
        subject=gate.id,
        what=f"the approval '{in_language(stage.label)}'",
        label=stage.label,
        whom=_approvers(stage, gate),
        people=[person.person for person in gate.eligible],
        group=next(
            (p.capacity.removeprefix("group:") for p in gate.eligible if p.capacity.startswith("group:")),
            None,
        ),
        since=gate.opened_at,
        until=due_at(gate.clock, calendars, now),
        then=_ON_EXPIRY[stage.on_expiry or OnExpiry.REJECT],
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
