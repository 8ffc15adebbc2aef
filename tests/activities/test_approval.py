"""Decisions at gates on a real directory: who is asked, who may decide, what a vote brings about."""

import asyncio

import pytest

from steadydesk.contracts.gate import GateState
from steadydesk.records.directory_departure import deactivate
from steadydesk.records.directory_events import installation
from steadydesk.records.tables.approval import approver, vote
from tests.support.locks import until_it_waits
from tests.support.request_desk import Desk, gate_of, refused

# who may decide


@pytest.mark.parametrize(
    ("item", "by", "refusal"),
    [
        ("board-any", "rita", "SelfApproval"),
        ("board-any", "rita-admin", "SelfApproval"),
        ("board-any", "ralf", "NotEligible"),
        ("board-any", "robot", "ServiceAccountVote"),
        ("board-any", "p_unknownxxxxx", "NotEligible"),
    ],
)
async def test_a_refused_vote_changes_nothing(desk: Desk, item: str, by: str, refusal: str) -> None:
    gate = await gate_of(desk, item)
    before = await desk.everything()
    assert await refused(desk.decide(gate, "approved", by)) == refusal
    assert await desk.everything() == before


@pytest.mark.parametrize("by", ["ann", "dan"])
async def test_a_vote_waits_for_a_departure_and_does_not_count(desk: Desk, by: str) -> None:
    """The voter's own, also where they vote for somebody who stays."""
    gate = await gate_of(desk, "board-any")
    await desk.delegate("ben", "dan")
    async with desk.engine.begin() as connection:
        await deactivate(connection, desk.ids[by], installation(desk.now))
        voting = asyncio.create_task(refused(desk.decide(gate, "approved", by)))
        await until_it_waits(desk.owner, voting)
    assert await voting == "NotEligible"
    assert (await desk.gate(gate)).is_open


async def test_a_vote_is_immutable_and_only_once(desk: Desk) -> None:
    gate = await gate_of(desk, "board-all")
    await desk.decide(gate, "approved", "ann")
    assert await refused(desk.decide(gate, "rejected", "ann")) == "AlreadyVoted"
    assert await refused(desk.decide(gate, "approved", "ann-two")) == "AlreadyVoted"
    [row] = await desk.rows(vote, vote.c.gate == gate)
    assert (row.voter, row.seq, row.decision) == (desk.ids["ann"], 1, "approved")
    assert row.content_hash == (await desk.gate(gate)).content_hash


async def test_another_account_of_the_same_person_may_vote_for_it(desk: Desk) -> None:
    gate = await gate_of(desk, "board-any")
    await desk.decide(gate, "approved", "ann-two")
    assert (await desk.gate(gate)).state is GateState.APPROVED


async def test_a_vote_at_a_closed_gate_says_how_it_closed(desk: Desk) -> None:
    gate = await gate_of(desk, "board-any")
    await desk.decide(gate, "rejected", "ann")
    assert await refused(desk.decide(gate, "approved", "ben")) == "GateClosed"
    assert await refused(desk.decide(f"{gate[:-1]}9", "approved", "ben")) == "UnknownRecord"
    rows = await desk.rows(approver, approver.c.gate == gate)
    assert sorted(row.state for row in rows) == ["not_required", "not_required", "rejected"]


async def test_a_withdrawn_vote_is_a_new_row_and_can_be_cast_again(desk: Desk) -> None:
    gate = await gate_of(desk, "board-all")
    assert await refused(desk.decide(gate, "withdrawn", "ann")) == "InvalidTransition"
    for decision in ("rejected", "withdrawn", "approved"):
        if decision == "rejected":
            await desk.decide(gate, "approved", "ann")
            await desk.decide(gate, "withdrawn", "ann")
            continue
        if decision == "approved":
            await desk.decide(gate, decision, "ann")
    rows = sorted(await desk.rows(vote, vote.c.gate == gate), key=lambda row: row.seq)
    assert [(row.seq, row.decision) for row in rows] == [(1, "approved"), (2, "withdrawn"), (3, "approved")]
    assert await refused(desk.decide(gate, "withdrawn", "ben")) == "InvalidTransition"


async def test_a_delegate_votes_for_the_delegator_and_may_take_it_back(desk: Desk) -> None:
    gate = await gate_of(desk, "board-all")
    await desk.delegate("ann", "dan")
    await desk.decide(gate, "approved", "dan")
    [ballot] = (await desk.gate(gate)).ballots
    assert (ballot.voter, ballot.natural, ballot.acting_for) == (
        desk.ids["dan"],
        desk.ids["ann"],
        desk.ids["ann"],
    )
    assert await refused(desk.decide(gate, "approved", "ann")) == "AlreadyVoted"
    assert await refused(desk.decide(gate, "withdrawn", "ann")) == "InvalidTransition"
    await desk.decide(gate, "withdrawn", "dan")
    await desk.decide(gate, "approved", "ann")
    assert len((await desk.gate(gate)).ballots) == 1


async def test_a_natural_person_counts_once_also_as_the_delegate_of_several(desk: Desk) -> None:
    """Two votes by one hand would be four eyes with two."""
    gate = await gate_of(desk, "board-two")
    await desk.delegate("ann", "dan")
    await desk.delegate("ben", "dan")
    await desk.decide(gate, "approved", "dan", acting_for="ben")
    assert await refused(desk.decide(gate, "approved", "dan", acting_for="ann")) == "AlreadyVoted"
    assert (await desk.gate(gate)).is_open
    [ballot] = (await desk.gate(gate)).ballots
    assert ballot.acting_for == desk.ids["ben"]
    await desk.decide(gate, "withdrawn", "dan")
    await desk.decide(gate, "approved", "dan", acting_for="ann")


async def test_a_delegate_who_is_asked_too_counts_once(desk: Desk) -> None:
    gate = await gate_of(desk, "board-two")
    await desk.delegate("ann", "ben")
    await desk.decide(gate, "approved", "ben")
    assert await refused(desk.decide(gate, "approved", "ben", acting_for="ann")) == "AlreadyVoted"


@pytest.mark.parametrize(("voter", "said"), [("ann", "ben"), ("ann", "rita"), ("dan", "ben")])
async def test_nobody_decides_in_the_name_of_whom_they_do_not_stand_for(
    desk: Desk, voter: str, said: str
) -> None:
    """Also not somebody who is asked themselves: the audit would seal a name that was never lent."""
    gate = await gate_of(desk, "board-two")
    await desk.delegate("ann", "dan")
    assert await refused(desk.decide(gate, "approved", voter, acting_for=said)) == "NotEligible"
    assert (await desk.gate(gate)).ballots == []


async def test_a_withdrawal_in_such_a_name_takes_no_vote_back(desk: Desk) -> None:
    """Also by signal, whose refusal is written down: the vote's row stands, and so does what the gate counts."""
    gate = await gate_of(desk, "board-two")
    await desk.decide(gate, "approved", "ann")
    await desk.approvals.record_signalled_decision(
        desk.vote(gate, "withdrawn", "ann", acting_for="ben", by_signal=True)
    )
    [ballot] = (await desk.gate(gate)).ballots
    assert ballot.voter == desk.ids["ann"]
    assert (await desk.rows(vote, vote.c.gate == gate))[0].decision == "approved"
    await desk.decide(gate, "approved", "ben")
    assert (await desk.gate(gate)).state is GateState.APPROVED


async def test_a_delegate_added_as_approver_after_voting_does_not_count_twice(desk: Desk) -> None:
    gate = await gate_of(desk, "board-two")
    await desk.delegate("ann", "dan")
    await desk.decide(gate, "approved", "dan")
    await desk.add_approver(gate, "dan")
    assert await refused(desk.decide(gate, "approved", "dan")) == "AlreadyVoted"
    assert (await desk.gate(gate)).is_open


@pytest.mark.parametrize(
    ("item", "policies", "to", "refusal"),
    [
        ("board-any", None, "rita", "SelfApproval"),
        ("board-any", None, "rita-admin", "SelfApproval"),
        ("board-any", "manager", "dan", "NotEligible"),
        ("alone-allowed", None, "dan", "NotEligible"),
        ("board-any", None, "robot", "ServiceAccountVote"),
    ],
)
async def test_whose_delegation_does_not_help(
    desk: Desk, item: str, policies: str | None, to: str, refusal: str
) -> None:
    gate = await gate_of(desk, item)
    await desk.delegate("ann", to, policies)
    assert await refused(desk.decide(gate, "approved", to)) == refusal


async def test_a_delegation_is_never_chained(desk: Desk) -> None:
    gate = await gate_of(desk, "board-any")
    await desk.delegate("ann", "dan")
    await desk.delegate("dan", "otto")
    assert await refused(desk.decide(gate, "approved", "otto")) == "NotEligible"


async def test_a_leaver_cannot_vote_in_the_gap_before_the_process_hears_of_it(desk: Desk) -> None:
    gate = await gate_of(desk, "board-any")
    await desk.leave("ann")
    assert await desk.asked(gate) == ["ann", "ben", "cem"]
    assert await refused(desk.decide(gate, "approved", "ann")) == "NotEligible"
