"""The doctor's comparisons: every kind of difference is found, and a sound process has none."""

from datetime import UTC, datetime

import pytest

from steadydesk.contracts.gate import Ballot, Decision, Eligible, Gate, GateState
from steadydesk.contracts.organisation import Organisation
from steadydesk.policies.doctor import CastVote, check_gates, differing
from tests.support.demo_organisation import demo

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def organisation() -> Organisation:
    found = demo().organisation
    assert found is not None
    return found


class Document:
    """The part of a request that its gates are."""

    number = "REQ0000001"

    def __init__(self, gate: Gate) -> None:
        self.gates = {gate.id: gate}


def gate(**changes: object) -> Gate:
    policies = organisation().approval_policies
    policy = next(iter(policies))
    values: dict[str, object] = {
        "id": "REQ0000001-G1",
        "line": "RITM0000001",
        "policy": policy,
        "stage": next(iter(policies[policy].stages)),
        "eligible": [Eligible(person="p_a", natural="p_a", capacity="own")],
        "content_hash": "h",
        "opened_at": NOW,
    }
    return Gate.model_construct(**{**Gate.model_construct().__dict__, **values, **changes})


def ballot(decision: Decision = Decision.APPROVED) -> Ballot:
    return Ballot(natural="p_a", voter="p_a", decision=decision, seq=1, at=NOW)


def found(one: Gate, votes: list[CastVote], audited: int | None = None) -> list[str]:
    counted = len(votes) if audited is None else audited
    document = Document(one)
    symptoms = check_gates(document, organisation(), {one.id: votes}, {one.id: counted})  # pyright: ignore[reportArgumentType]
    return [symptom.words for symptom in symptoms]


APPROVED = CastVote("p_a", "p_a", "approved")
WITHDRAWN = CastVote("p_a", "p_a", "withdrawn")


def test_an_approved_gate_with_its_vote_is_sound() -> None:
    assert found(gate(ballots=[ballot()], state=GateState.APPROVED, reason="decided"), [APPROVED]) == []


def test_an_open_gate_without_votes_is_sound() -> None:
    assert found(gate(), []) == []


def test_a_withdrawn_vote_counts_for_nothing() -> None:
    assert found(gate(), [APPROVED, WITHDRAWN]) == []


def test_a_ballot_without_a_vote_is_found() -> None:
    words = found(gate(ballots=[ballot()], state=GateState.APPROVED, reason="decided"), [])
    assert words == ["REQ0000001-G1: p_a voted nothing, and the document has approved by p_a"]


def test_a_vote_without_a_ballot_is_found() -> None:
    words = found(gate(), [APPROVED])
    assert words == ["REQ0000001-G1: p_a voted approved by p_a, and the document has nothing"]


def test_a_vote_that_the_audit_does_not_tell_of_is_found() -> None:
    one = gate(ballots=[ballot()], state=GateState.APPROVED, reason="decided")
    assert found(one, [APPROVED], audited=0) == [
        "REQ0000001-G1: 1 votes are stored, and the audit tells of 0"
    ]


@pytest.mark.parametrize("state", [GateState.APPROVED, GateState.REJECTED])
def test_a_state_that_the_votes_do_not_give_is_found(state: GateState) -> None:
    words = found(gate(state=state, reason="decided"), [])
    assert words == [f"REQ0000001-G1: it is {state.value}, and its votes make it requested"]


def test_an_open_gate_that_its_votes_decided_is_found() -> None:
    words = found(gate(ballots=[ballot()]), [APPROVED])
    assert words == ["REQ0000001-G1: it is requested, and its votes make it approved"]


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (GateState.REJECTED, "expired"),
        (GateState.APPROVED, "not_required"),
        (GateState.VOIDED, "changed: item"),
    ],
)
def test_what_closed_without_votes_is_sound(state: GateState, reason: str) -> None:
    assert found(gate(state=state, reason=reason), []) == []


def test_rows_are_held_against_the_document() -> None:
    expected = {"A": {"state": "open"}, "B": {"state": "open"}, "C": {"state": "open"}}
    rows = {
        "A": {"state": "open", "open": True},
        "B": {"state": "closed", "open": False},
        "D": {"state": "open", "open": True},
        "E": {"state": "closed", "open": False},
    }
    assert [symptom.words for symptom in differing(expected, rows, "REQ", "row")] == [
        "B: state is closed, not open",
        "C has no row",
        "D is not in the document",
    ]
