"""Decisions at gates: directory check, immutable vote, tally and what follows from it, in one transaction."""

from typing import Any

from temporalio import activity

from activities.gates import ask_people, settle
from activities.questions import ask_for_gate
from activities.transition import Transitions
from activities.work import Actor, RequestWork
from steadydesk.contracts.agenda import Answer
from steadydesk.contracts.approval_policy import Stage
from steadydesk.contracts.gate import Ballot, Decision, Eligible, Gate
from steadydesk.contracts.request import RequestProcess
from steadydesk.contracts.request_commands import ChangeApprovers, Decide, Write
from steadydesk.errors import (
    AlreadyVoted,
    ForgedCommand,
    GateClosed,
    InvalidTransition,
    NotEligible,
    Refusal,
    SelfApproval,
    ServiceAccountVote,
    UnknownRecord,
)
from steadydesk.policies.assertion import installed, verify
from steadydesk.policies.delegation import entitled_through
from steadydesk.records.directory_approvers import approvers
from steadydesk.records.identifiers import new_id
from steadydesk.records.security import note_security_event


class ApprovalActivities:
    """Local activities of approval gates."""

    def __init__(self, transitions: Transitions[RequestProcess]) -> None:
        self.transitions = transitions

    @activity.defn
    async def record_decision(self, write: Write[Decide]) -> Answer:
        """A vote, its withdrawal, or a question; a refusal is typed and changes nothing."""
        return await self.transitions.command(decide, write)

    @activity.defn
    async def record_signalled_decision(self, write: Write[Decide]) -> Answer:
        """The same for a signal: nobody waits for its answer, so a refusal becomes a row."""
        return await self.transitions.signal(_decide_by_signal, write)

    @activity.defn
    async def record_approver(self, write: Write[ChangeApprovers]) -> Answer:
        """One more approver at an open gate."""
        return await self.transitions.command(add_approver, write)


async def _decide_by_signal(work: RequestWork, command: Decide) -> None:
    """Whoever can reach Temporal can send a signal: without a valid assertion it is counted, and nothing else."""
    try:
        verify(
            installed(),
            command.assertion,
            workflow_id=work.process.number,
            command="decide",
            update_id=command.assertion.update_id,
            body=command,
        )
    except ForgedCommand:
        await note_security_event(work.connection, "forged-signal", work.process.number, work.at)
        work.actor = Actor()
        work.note("signal.forged", command.gate)
        return
    await _decide_or_note(work, command)


async def _decide_or_note(work: RequestWork, command: Decide) -> None:
    try:
        await decide(work, command)
    except Refusal as refusal:
        work.note("decision.refused", command.gate, reason=refusal.type, decision=command.decision.value)
        work.tell("security.refused", [f"p:{work.actor.person}"], command.gate, reason=refusal.type)


def open_gate(work: RequestWork, gate_id: str) -> Gate:
    gate = work.process.gates.get(gate_id)
    if gate is None:
        raise UnknownRecord(f"there is no approval {gate_id}")
    if not gate.is_open:
        raise GateClosed(
            f"{gate_id} is {gate.state.value}", details={"state": gate.state.value, "reason": gate.reason}
        )
    return gate


async def decide(work: RequestWork, command: Decide) -> None:
    gate = open_gate(work, command.gate)
    stage = work.organisation.approval_policies[gate.policy].stages[gate.stage]
    eligible, acting_for = await _entitlement(work, gate, stage)
    if command.decision is Decision.ASK:
        ask_for_gate(work, gate, command.comment)
        return
    earlier = next((ballot for ballot in gate.ballots if ballot.natural == eligible.natural), None)
    if command.decision is Decision.WITHDRAWN:
        if earlier is None or earlier.voter != work.actor.person:
            raise InvalidTransition("you have no vote here that you could withdraw")
        gate.ballots.remove(earlier)
    elif earlier is not None:
        raise AlreadyVoted(f"a vote of this person stands at {gate.id}: {earlier.decision.value}")
    _vote(work, gate, eligible, acting_for, command)
    settle(work, gate)
    work.said |= {"gate": gate.id, "state": gate.state.value}


def _vote(work: RequestWork, gate: Gate, eligible: Eligible, acting_for: str | None, command: Decide) -> None:
    """One row that nobody changes any more; the valid ballots are in the document."""
    seq = gate.votes.get(eligible.natural, 0) + 1
    gate.votes[eligible.natural] = seq
    if command.decision is not Decision.WITHDRAWN:
        ballot = Ballot(
            natural=eligible.natural,
            voter=work.actor.person,
            acting_for=acting_for,
            decision=command.decision,
            seq=seq,
            at=work.at,
        )
        gate.ballots.append(ballot)
    if command.comment is not None:
        work.write_down("comment", command.comment, gate.id)
    work.votes.append(_row(work, gate, eligible, acting_for, command))
    work.gates.add(gate.id)
    work.note(
        "gate.voted",
        gate.id,
        decision=command.decision.value,
        seq=seq,
        acting_for=acting_for,
        content=gate.content_hash,
    )


def _row(
    work: RequestWork, gate: Gate, eligible: Eligible, acting_for: str | None, command: Decide
) -> dict[str, Any]:
    comment = command.comment
    return {
        "id": new_id("v"),
        "gate": gate.id,
        "seq": gate.votes[eligible.natural],
        "natural_person": eligible.natural,
        "voter": work.actor.person,
        "acting_for": acting_for,
        "decision": command.decision.value,
        "comment": comment.ref if comment else None,
        "comment_digest": comment.digest if comment else None,
        "content_hash": gate.content_hash,
        "method": work.actor.method.value,
        "at": work.at,
    }


async def _entitlement(work: RequestWork, gate: Gate, stage: Stage) -> tuple[Eligible, str | None]:
    """Through whom the actor decides: themselves, or an eligible person who named them delegate; as of now."""
    people = [eligible.person for eligible in gate.eligible]
    known = await approvers(work.connection, [*people, work.actor.person], gate.policy, work.at)
    voter = known.get(work.actor.person)
    if voter is None or not voter.active:
        raise NotEligible("only active people of the directory decide")
    if voter.service_account:
        raise ServiceAccountVote("a service account cannot vote")
    asked_for = {work.process.opened_by}
    if "requested_for" in work.organisation.approval_policies[gate.policy].exclude:
        asked_for.add(work.process.line(gate.line).requested_for)
    own = {
        one.natural for one in (await approvers(work.connection, asked_for, None, work.at)).values()
    } | asked_for
    if voter.natural in own:
        raise SelfApproval("nobody decides on their own request")
    by_person = {eligible.person: eligible for eligible in gate.eligible}
    same = next((eligible for eligible in gate.eligible if eligible.natural == voter.natural), None)
    if same is not None:
        return same, None
    candidates = [known[person] for person in people if person in known] if stage.may_delegate else []
    through = entitled_through(voter.person, candidates)
    if through is None:
        raise NotEligible(f"you are not among those who decide at {gate.id}")
    # A delegate who votes for several counts each of them; their own natural person is not among the eligible.
    free = [
        person.person
        for person in candidates
        if voter.person in person.delegates
        and person.natural not in {ballot.natural for ballot in gate.ballots}
    ]
    chosen = work.actor.acting_for if work.actor.acting_for in free else (free[0] if free else through)
    return by_person[chosen], chosen


async def add_approver(work: RequestWork, command: ChangeApprovers) -> None:
    """By somebody who may decide here or owns the process; the newcomer counts as any other."""
    gate = open_gate(work, command.gate)
    person = (await approvers(work.connection, [command.add], None, work.at)).get(command.add)
    if person is None or not person.can_decide:
        raise NotEligible("only active people of the directory can be added")
    if person.person in (work.process.opened_by, work.process.requested_for):
        raise SelfApproval("nobody decides on their own request")
    if any(eligible.natural == person.natural for eligible in gate.eligible):
        return
    gate.eligible.append(Eligible(person=person.person, natural=person.natural, capacity="added"))
    work.note("gate.approver-added", gate.id, person=person.person)
    ask_people(work, gate)
