"""The tally against an oracle that plays out every way in which the missing people could still vote."""

from datetime import timedelta
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from steadydesk.contracts.approval_policy import Rule, Stage
from steadydesk.contracts.gate import Gate, GateState
from steadydesk.policies.approval import (
    can_be_satisfied,
    content_hash,
    differences,
    material_digests,
    needed,
    tally,
)
from tests.support.requests import ballots, eligible, gate, rule

NAMES: tuple[str, ...] = ("ann", "ben", "cem", "dee", "eli", "fay")


@pytest.mark.parametrize(
    ("spelled", "people", "expected"),
    [
        ("any", 5, 1),
        ("all", 5, 5),
        ("all", 0, 1),
        ("count 3", 5, 3),
        ("percent 100", 3, 3),
        ("percent 50", 3, 2),
        ("percent 50", 5, 3),
        ("percent 49.8", 5, 2),
        ("percent 50", 1, 1),
        ("percent 1", 6, 1),
        ("percent 66.6", 3, 2),
        ("percent 33.3", 4, 1),
    ],
)
def test_how_many_approvals_are_needed(spelled: str, people: int, expected: int) -> None:
    assert needed(rule(spelled), people) == expected


@given(st.integers(1, 400), st.integers(1, 400))
def test_a_share_is_rounded_half_up(quarters: int, people: int) -> None:
    share = Rule(percent=quarters / 4)
    exact = Fraction(quarters, 400) * people
    down = exact.numerator // exact.denominator
    half_up = down + (exact - down >= Fraction(1, 2))
    assert needed(share, people) == max(1, half_up)


RULES = st.one_of(
    st.just(Rule(any=True)),
    st.just(Rule(all=True)),
    st.integers(1, 7).map(lambda count: Rule(count=count)),
    st.sampled_from([1, 12.5, 25, 33.3, 50, 66.7, 75, 100]).map(lambda share: Rule(percent=share)),
)


@st.composite
def gates(draw: st.DrawFn) -> Gate:
    """Any gate as it may be found: some have voted, of them some have left; nobody is counted twice."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True))
    votes = draw(st.dictionaries(st.sampled_from(names), st.booleans())) if names else {}
    left = draw(st.sets(st.sampled_from(names))) if names else set[str]()
    return gate([name for name in names if name not in left], votes)


def can_end(rule_of: Rule, opened: Gate) -> set[GateState]:
    """The outcomes of a full count for every way in which those who may still vote do so."""
    voted = [ballot.natural for ballot in opened.ballots]
    missing = [one for one in opened.eligible if one.natural not in voted]
    people = len(voted) + len(missing)
    quorum = needed(rule_of, people)
    yes = sum(ballot.decision == "approved" for ballot in opened.ballots)
    found = {yes + sum(more) >= quorum for more in product((False, True), repeat=len(missing))}
    return {GateState.APPROVED if approved else GateState.REJECTED for approved in found}


@given(RULES, gates())
def test_a_gate_closes_exactly_when_its_outcome_is_certain(rule_of: Rule, opened: Gate) -> None:
    outcome = tally(rule_of, opened)
    if rule_of.any and opened.ballots:
        first = opened.ballots[0].decision
        assert outcome.value == first.value
        return
    possible = can_end(rule_of, opened)
    refused = any(ballot.decision == "rejected" for ballot in opened.ballots)
    nobody = not opened.ballots and not opened.eligible
    if possible == {GateState.APPROVED}:
        assert outcome is GateState.APPROVED
    elif possible == {GateState.REJECTED} and (refused or nobody):
        assert outcome is GateState.REJECTED
    else:
        # Too few people to approve is no refusal: somebody can be added until the gate expires.
        assert outcome is GateState.REQUESTED


@given(RULES, st.permutations(list(NAMES)), st.lists(st.booleans(), min_size=6, max_size=6))
def test_a_certain_outcome_stays_whatever_is_voted_then(
    rule_of: Rule, order: list[str], decisions: list[bool]
) -> None:
    outcomes = [
        tally(rule_of, gate(NAMES, dict(zip(order[:count], decisions[:count], strict=True))))
        for count in range(len(NAMES) + 1)
    ]
    ended = [outcome for outcome in outcomes if outcome is not GateState.REQUESTED]
    assert len(set(ended)) <= 1
    assert outcomes[len(outcomes) - len(ended) :] == ended


def test_a_vote_cast_while_entitled_counts_after_its_voter_left() -> None:
    left = gate(["ben"], {"ann": True})
    assert tally(rule("all"), left) is GateState.REQUESTED
    left.ballots += ballots({"ben": True})
    assert tally(rule("all"), left) is GateState.APPROVED


def test_a_leaver_who_did_not_vote_is_not_waited_for() -> None:
    assert tally(rule("all"), gate(["ann"], {"ann": True})) is GateState.APPROVED
    assert tally(rule("percent 50"), gate(["ann", "ben"], {"ann": True})) is GateState.APPROVED


def test_a_quorum_that_cannot_be_reached_any_more_is_a_refusal() -> None:
    assert tally(rule("count 2"), gate(["ann", "ben", "cem"], {"ann": False})) is GateState.REQUESTED
    assert (
        tally(rule("count 2"), gate(["ann", "ben", "cem"], {"ann": False, "ben": False}))
        is GateState.REJECTED
    )


@pytest.mark.parametrize(
    ("spelled", "people", "can"), [("all", 0, False), ("count 3", 2, False), ("any", 1, True)]
)
def test_who_is_too_few(spelled: str, people: int, can: bool) -> None:
    assert can_be_satisfied(rule(spelled), people) is can


def test_a_rule_is_exactly_one() -> None:
    for given_rule in ({}, {"any": True, "all": True}, {"count": 0}, {"percent": 101}):
        with pytest.raises(ValidationError):
            Rule.model_validate(given_rule)
    with pytest.raises(ValidationError, match="exactly one"):
        Stage.model_validate({"label": "S", "approvers": [{"group": "board", "person": "ann"}]})
    assert Stage.model_validate({"label": "S", "approvers": [{"group": "board"}]}).due == timedelta(hours=16)


VALUES = st.dictionaries(
    st.sampled_from(["item", "quantity", "price", "variables.a", "variables.b", "requested_for"]),
    st.one_of(st.integers(), st.text(max_size=5), st.booleans(), st.none()),
)


@given(VALUES, VALUES, st.lists(st.sampled_from(["item", "quantity", "variables"]), unique=True))
def test_only_material_fields_make_a_difference(
    before: dict[str, object], after: dict[str, object], material: list[str]
) -> None:
    found = differences(material_digests(material, before, "s"), material_digests(material, after, "s"))
    wanted = [
        name
        for name in sorted(before.keys() | after.keys())
        if (name in material or ("variables" in material and name.startswith("variables.")))
        and (name in before, before.get(name), type(before.get(name)))
        != (name in after, after.get(name), type(after.get(name)))
    ]
    assert found == wanted


def test_the_hash_covers_every_material_field_and_the_salt_hides_it() -> None:
    values = {"item": "laptop", "variables.model": "light"}
    one = material_digests(["item", "variables"], values, "salt")
    assert content_hash(one) == content_hash(dict(reversed(one.items())))
    assert content_hash(one) != content_hash({**one, "item": "0" * 32})
    assert one.keys() == values.keys()
    assert not set(one.values()) & set(material_digests(["item", "variables"], values, "pepper").values())
    assert eligible("ann")[0].natural not in str(one)
