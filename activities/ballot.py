"""Ballots of a gate: the one that stands for a person, a new one with its row, and whom it relieves."""

from collections.abc import Mapping
from typing import Any

from activities.work import RequestWork
from steadydesk.contracts.directory import Approver
from steadydesk.contracts.gate import Ballot, Decision, Gate
from steadydesk.contracts.request_commands import Decide
from steadydesk.records.identifiers import new_id


def ballot_of(gate: Gate, known: Mapping[str, Approver], voter: Approver) -> Ballot | None:
    """The vote that this natural person has cast here, for themselves or as somebody's delegate."""
    mine = (ballot for ballot in gate.ballots if known[ballot.voter].natural == voter.natural)
    return next(mine, None)


def told(gate: Gate, known: Mapping[str, Approver], voter: Approver) -> set[str]:
    """Who is not asked any more: the voter, with those whom the vote counts for; everybody once the gate is decided."""
    if gate.is_open:
        ballot = ballot_of(gate, known, voter)
        return {voter.person} | ({ballot.acting_for} if ballot and ballot.acting_for else set())
    asked = {eligible.person for eligible in gate.eligible}
    return (
        asked | {deputy for one in asked if one in known for deputy in known[one].delegates} | {voter.person}
    )


def vote(work: RequestWork, gate: Gate, natural: str, acting_for: str | None, command: Decide) -> None:
    """One row that nobody changes any more; the valid ballots are in the document."""
    seq = gate.votes.get(natural, 0) + 1
    gate.votes[natural] = seq
    if command.decision is not Decision.WITHDRAWN:
        ballot = Ballot(
            natural=natural,
            voter=work.actor.person,
            acting_for=acting_for,
            decision=command.decision,
            seq=seq,
            at=work.at,
        )
        gate.ballots.append(ballot)
    if command.comment is not None:
        work.write_down("comment", command.comment, gate.id)
    work.votes.append(_row(work, gate, natural, acting_for, command))
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
    work: RequestWork, gate: Gate, natural: str, acting_for: str | None, command: Decide
) -> dict[str, Any]:
    comment = command.comment
    return {
        "id": new_id("v"),
        "gate": gate.id,
        "seq": gate.votes[natural],
        "natural_person": natural,
        "voter": work.actor.person,
        "acting_for": acting_for,
        "decision": command.decision.value,
        "comment": comment.ref if comment else None,
        "comment_digest": comment.digest if comment else None,
        "content_hash": gate.content_hash,
        "method": work.actor.method.value,
        "at": work.at,
    }
