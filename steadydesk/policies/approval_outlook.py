"""What a vote would set off, played out on a copy of the document: the next stage, the first steps, the end."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from steadydesk.contracts.approval_policy import ApprovalPolicy
from steadydesk.contracts.gate import Ballot, Decision, Gate
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.plan import OnFailure
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import RequestProcess, StepState
from steadydesk.policies.approval import needed, tally
from steadydesk.policies.plan import ready_steps
from steadydesk.policies.request import BeginFulfilment, EndRound, OpenGate, SettleStep, next_move, starts_at


class Follows(StrEnum):
    MORE_VOTES = "more_votes"
    """Others have to vote before anything happens; ``votes`` more approvals are needed."""
    OTHER_APPROVALS = "other_approvals"
    """This stage is done; ``stages`` that run beside it are not."""
    NEXT_STAGE = "next_stage"
    STEPS = "steps"
    """``steps`` of the plan start; none where others of the plan still run."""
    DATE = "date"
    """The plan starts at ``at``."""
    END = "end"
    """Nothing is left to do; the line is complete."""
    RETURN = "return"
    """To its requester, to change it or withdraw."""
    REFUSED = "refused"
    STEP_SKIPPED = "step_skipped"
    STEP_DECIDED = "step_decided"
    """A person decides how the plan goes on."""
    STEP_FAILED = "step_failed"
    """What was done is taken back."""


@dataclass(frozen=True)
class Outlook:
    """``stages`` are keys of the policy, ``steps`` keys of the plan."""

    follows: Follows
    votes: int = 0
    stages: list[str] = field(default_factory=list[str])
    steps: list[str] = field(default_factory=list[str])
    at: datetime | None = None


_AFTER_REFUSED_STEP = {
    OnFailure.FAIL: Follows.STEP_FAILED,
    OnFailure.SKIP: Follows.STEP_SKIPPED,
    OnFailure.ASK: Follows.STEP_DECIDED,
}


def outlook(
    process: RequestProcess, organisation: Organisation, gate: Gate, decision: Decision, now: datetime
) -> Outlook:
    """What happens at once when one more of those who have not voted approves or rejects at the open gate."""
    copy, mine = _with_vote(process, gate, decision, now)
    policy = organisation.approval_policies[gate.policy]
    rule = policy.stages[gate.stage].rule
    mine.state = tally(rule, mine)
    if mine.is_open:
        approvals = sum(ballot.decision is Decision.APPROVED for ballot in mine.ballots)
        people = {ballot.natural for ballot in mine.ballots} | {person.natural for person in mine.eligible}
        return Outlook(Follows.MORE_VOTES, votes=needed(rule, len(people)) - approvals)
    return _after(copy, organisation, policy, mine, now)


def _with_vote(
    process: RequestProcess, gate: Gate, decision: Decision, now: datetime
) -> tuple[RequestProcess, Gate]:
    """The gate's line alone, as it would be with the vote."""
    copy = process.model_copy(deep=True)
    copy.lines = [copy.line(gate.line)]
    mine = copy.gates[gate.id]
    voted = {ballot.natural for ballot in mine.ballots}
    voter = next((person.natural for person in mine.eligible if person.natural not in voted), "somebody")
    mine.ballots.append(Ballot(natural=voter, voter=voter, decision=decision, seq=1, at=now))
    return copy, mine


def _after(
    process: RequestProcess, organisation: Organisation, policy: ApprovalPolicy, gate: Gate, now: datetime
) -> Outlook:
    match next_move(process, organisation, now):
        case OpenGate(stage=stage):
            return Outlook(Follows.NEXT_STAGE, stages=[stage])
        case EndRound(returned=returned):
            return Outlook(Follows.RETURN if returned else Follows.REFUSED)
        case BeginFulfilment():
            return _fulfilment(process, organisation, now)
        case SettleStep(step=step, approved=approved):
            return _settled(process, organisation, step, approved=approved)
        case _:
            others = [each.stage for each in process.gates.values() if _beside(each, gate)]
            return Outlook(Follows.OTHER_APPROVALS, stages=sorted(others, key=list(policy.stages).index))


def _beside(other: Gate, gate: Gate) -> bool:
    """Another open gate of the same round, or of the same step."""
    same = (other.line, other.round, other.step) == (gate.line, gate.round, gate.step)
    return same and other.is_open


def _fulfilment(process: RequestProcess, organisation: Organisation, now: datetime) -> Outlook:
    line = process.lines[0]
    line.phase = Phase.FULFILMENT
    start = starts_at(organisation, line, now)
    if start > now:
        return Outlook(Follows.DATE, at=start)
    steps = [] if line.extends else ready_steps(organisation.catalog[line.item].plan, line)
    return Outlook(Follows.STEPS, steps=steps) if steps else Outlook(Follows.END)


def _settled(process: RequestProcess, organisation: Organisation, step: str, *, approved: bool) -> Outlook:
    line = process.lines[0]
    plan = organisation.catalog[line.item].plan
    if not approved:
        return Outlook(_AFTER_REFUSED_STEP[plan.steps[step].on_failure])
    line.steps[step].state = StepState.DONE
    steps = ready_steps(plan, line)
    ended = all(line.steps[key].state.has_ended for key in plan.steps if key in line.steps)
    return Outlook(Follows.END) if not steps and ended else Outlook(Follows.STEPS, steps=steps)
