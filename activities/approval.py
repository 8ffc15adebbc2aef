"""Decisions at gates: directory check, immutable vote, tally and what follows from it, in one transaction."""

from collections.abc import Mapping

from temporalio import activity

from activities.ballot import ballot_of, told, vote
from activities.gates import ask_people, settle
from activities.questions import ask_for_gate
from activities.transition import Transitions
from activities.work import Actor, RequestWork
from steadydesk.contracts.agenda import Answer
from steadydesk.contracts.approval_policy import Stage
from steadydesk.contracts.audit_views import SecurityEventKind
from steadydesk.contracts.directory import Approver
from steadydesk.contracts.gate import Ballot, Decision, Eligible, Gate
from steadydesk.contracts.request import RequestProcess
from steadydesk.contracts.request_commands import ChangeApprovers, Decide, Write
from steadydesk.errors import (
    AlreadyVoted,
    ForgedCommand,
    GateClosed,
    InvalidTransition,
    NotAllowed,
    NotEligible,
    Refusal,
    SelfApproval,
    ServiceAccountVote,
    UnknownRecord,
)
from steadydesk.policies.assertion import installed, verify
from steadydesk.policies.delegation import entitled_through
from steadydesk.policies.kept_refusal import as_said
from steadydesk.records.directory_approvers import approvers
from steadydesk.records.security import note_security_event

SIGNALLED = "decide_later"
"""As what a decision by signal is signed: one that was sent as an update is none."""


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
        """The same for a signal: nobody waits for its answer, so a refusal becomes a row.

        It has to be signed as a signal. A genuine one is the step that its update id names, so that a decision seen in
        a history and sent again decides nothing again, nor what it could not decide before.
        """
        if not _is_genuine(write):
            return await self.transitions.signal(_note_forged, write)
        step = f"u:{write.command.assertion.update_id}"
        return await self.transitions.signal(_decide_or_note, write.model_copy(update={"step": step}))

    @activity.defn
    async def record_approver(self, write: Write[ChangeApprovers]) -> Answer:
        """One more approver at an open gate."""
        return await self.transitions.command(add_approver, write)


def _is_genuine(write: Write[Decide]) -> bool:
    stated = write.command.assertion
    bound = {"workflow_id": write.number, "command": SIGNALLED, "update_id": stated.update_id}
    try:
        verify(installed(), stated, **bound, body=write.command)
    except ForgedCommand:
        return False
    return True


async def _note_forged(work: RequestWork, command: Decide) -> None:
    """Whoever can reach Temporal can send a signal: without a valid assertion it is counted, and nothing else."""
    await note_security_event(work.connection, SecurityEventKind.FORGED_SIGNAL, work.process.number, work.at)
    work.actor = Actor()
    work.note("signal.forged", command.gate)


async def _decide_or_note(work: RequestWork, command: Decide) -> None:
    try:
        await decide(work, command)
    except Refusal as refusal:
        work.note("decision.refused", command.gate, reason=refusal.type, decision=command.decision.value)
        work.tell("security.refused", [f"p:{work.actor.person}"], command.gate, reason=refusal.type)
        work.said |= as_said(refusal)


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
    known = await _people(work, gate)
    voter = _voter(work, known)
    own = ballot_of(gate, known, voter)
    if command.decision is Decision.WITHDRAWN:
        if own is None:
            raise InvalidTransition("you have no vote here that you could withdraw")
        _must_stand_for(work, known, own.acting_for)
        gate.ballots.remove(own)
        vote(work, gate, own.natural, own.acting_for, command)
    else:
        eligible, acting_for = _entitlement(work, gate, stage, known, voter)
        _must_stand_for(work, known, acting_for)
        if command.decision is Decision.ASK:
            ask_for_gate(work, gate, command.comment)
            return
        _must_be_first(gate, eligible, own)
        vote(work, gate, eligible.natural, acting_for, command)
    settle(work, gate)
    work.answered.extend({"gate": gate.id, "person": person} for person in sorted(told(gate, known, voter)))
    work.said |= {"gate": gate.id, "state": gate.state.value}


def _must_stand_for(work: RequestWork, known: Mapping[str, Approver], acting_for: str | None) -> None:
    """The audit seals whom the actor says to stand for: only somebody for whom they do."""
    said = work.actor.acting_for
    if said is None or said in {acting_for, work.actor.person}:
        return
    if said not in known or work.actor.person not in known[said].delegates:
        words = "you are not a delegate of the person for whom you say to decide"
        raise NotEligible(words, details={"acting_for": said})


def _must_be_first(gate: Gate, eligible: Eligible, own: Ballot | None) -> None:
    """A natural person counts once: whoever votes for two people would be two of them."""
    standing = next((ballot for ballot in gate.ballots if ballot.natural == eligible.natural), own)
    if standing is not None:
        raise AlreadyVoted(f"a vote of this person stands at {gate.id}: {standing.decision.value}")


async def _people(work: RequestWork, gate: Gate) -> dict[str, Approver]:
    """The actor, who cannot leave meanwhile, who may decide, who has voted and whose request it is, as of now."""
    people = {eligible.person for eligible in gate.eligible} | {ballot.voter for ballot in gate.ballots}
    people |= _asked_for(work, gate) | {work.actor.person}
    return await approvers(work.connection, people, gate.policy, work.at, staying=[work.actor.person])


def _voter(work: RequestWork, known: Mapping[str, Approver]) -> Approver:
    voter = known.get(work.actor.person)
    if voter is None or not voter.active:
        raise NotEligible("only active people of the directory decide")
    if voter.service_account:
        raise ServiceAccountVote("a service account cannot vote")
    return voter


def _entitlement(
    work: RequestWork, gate: Gate, stage: Stage, known: Mapping[str, Approver], voter: Approver
) -> tuple[Eligible, str | None]:
    """Through whom the actor decides: themselves, or an eligible person who named them delegate; as of now."""
    _must_not_be_their_own(work, gate, known, voter)
    same = next((eligible for eligible in gate.eligible if eligible.natural == voter.natural), None)
    if same is not None:
        return same, None
    voted = {ballot.natural for ballot in gate.ballots}
    candidates = [known[one.person] for one in gate.eligible if stage.may_delegate and one.person in known]
    if entitled_through(voter.person, candidates) is None:
        raise NotEligible(f"you are not among those who decide at {gate.id}")
    # Whom they say; else one who has not voted, so that the refusal of a second vote is the last resort.
    delegators = {person.person for person in candidates if voter.person in person.delegates}
    through = [one for one in gate.eligible if one.person in delegators]
    through.sort(key=lambda one: (one.person != work.actor.acting_for, one.natural in voted))
    return through[0], through[0].person


def _asked_for(work: RequestWork, gate: Gate) -> set[str]:
    """Whose own request it is."""
    if "requested_for" in work.organisation.approval_policies[gate.policy].exclude:
        return {work.process.opened_by, work.process.line(gate.line).requested_for}
    return {work.process.opened_by}


def _must_not_be_their_own(
    work: RequestWork, gate: Gate, known: Mapping[str, Approver], voter: Approver
) -> None:
    asked_for = _asked_for(work, gate)
    if voter.natural in asked_for | {known[one].natural for one in asked_for if one in known}:
        raise SelfApproval("nobody decides on their own request")


async def add_approver(work: RequestWork, command: ChangeApprovers) -> None:
    """By who owns the process, of somebody else; the newcomer counts as any other."""
    gate = open_gate(work, command.gate)
    adding = {one for one in (work.actor.person, work.actor.acting_for) if one is not None}
    people = {command.add, *adding, *_asked_for(work, gate)}
    known = await approvers(work.connection, people, None, work.at, staying=[command.add])
    person = known.get(command.add)
    if person is None or not person.can_decide:
        raise NotEligible("only active people of the directory can be added")
    _must_not_be_their_own(work, gate, known, person)
    if person.natural in adding | {known[one].natural for one in adding if one in known}:
        raise NotAllowed("nobody adds themselves; somebody else who owns the process may", pointer="/person")
    if any(eligible.natural == person.natural for eligible in gate.eligible):
        return
    newcomer = Eligible(person=person.person, natural=person.natural, capacity="added")
    gate.eligible.append(newcomer)
    work.note("gate.approver-added", gate.id, person=person.person)
    ask_people(work, gate, [newcomer])
