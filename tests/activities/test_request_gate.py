"""A gate against a model of it: votes, delegations, withdrawals, group changes, questions, dates, absence, leavers.

Whatever happens in whatever order, one person has one vote, the outcome is that of an independent count, a refused
vote changes nothing, and the gate has a way to its end.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from temporalio.exceptions import ApplicationError

from steadydesk.contracts.gate import Gate, GateState
from steadydesk.records.tables.approval import vote
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.request_catalogue import catalogue
from tests.support.request_desk import Desk, refused, request_desk

VOTERS = ("ann", "ann-two", "ben", "cem", "dan", "mona", "otto", "rita", "rita-admin", "robot")
NATURAL = {"ann-two": "ann", "rita-admin": "rita"}
ITEMS = ("board-any", "board-all", "board-two", "board-half", "escalating", "asking-little", "alone-allowed")
QUORUM = {
    "board-all": lambda people: people,
    "board-two": lambda _: 2,
    "board-half": lambda people: -(-people // 2),
}

DELEGATIONS = (
    ("ann", "dan"),
    ("ben", "dan"),
    ("cem", "dan"),
    ("ann", "ben"),
    ("ben", "mona"),
    ("dan", "otto"),
)
"""Often there from the start, since few would be drawn: one delegate of several, one who may vote too, a chain."""

people = st.sampled_from(VOTERS)
voters = st.sampled_from((*VOTERS, "ann", "ben", "cem", *["dan"] * 4))


def natural(name: str) -> str:
    return NATURAL.get(name, name)


class GateMachine(RuleBasedStateMachine):
    """The model: who may vote and who did, by the names of natural people."""

    desk: Desk
    runner: asyncio.Runner

    def __init__(self) -> None:
        super().__init__()
        self.votes: dict[str, tuple[bool, str]] = {}
        self.first: bool | None = None
        self.delegations: set[tuple[str, str]] = set()
        self.gone: set[str] = set()
        self.state = GateState.REQUESTED
        self.rings = 0

    def run(self, awaitable: Any) -> Any:
        return self.runner.run(awaitable)

    @initialize(item=st.sampled_from(ITEMS), delegations=st.sets(st.sampled_from(DELEGATIONS)))
    def order(self, item: str, delegations: set[tuple[str, str]]) -> None:
        self.item = item
        self.run(self.desk.as_at_first())
        for name, to in delegations:
            self.delegate(name, to)
        self.number: str = self.run(self.desk.order(item))
        self.id = f"{self.number}-G1"
        self.look()

    def look(self) -> Gate:
        """Who may vote is the directory's answer; the rest must be what the model says."""
        gate: Gate = self.run(self.desk.gate(self.id))
        names = {identity: name for name, identity in self.desk.ids.items()}
        self.accounts = {natural(names[one.person]): names[one.person] for one in gate.eligible}
        assert len(self.accounts) == len(gate.eligible)
        assert "rita" not in self.accounts
        return gate

    @property
    def is_open(self) -> bool:
        return self.state is GateState.REQUESTED

    def expected(self, name: str) -> tuple[str | None, str]:
        """The refusal of a vote, and otherwise whose vote it is."""
        if not self.is_open:
            return "GateClosed", ""
        if name in self.gone:
            return "NotEligible", ""
        if name == "robot":
            return "ServiceAccountVote", ""
        if natural(name) == "rita":
            return "SelfApproval", ""
        of = [natural(name)] if natural(name) in self.accounts else self.delegators(name)
        if not of:
            return "NotEligible", ""
        cast = {by for _, by in self.votes.values()}
        free = [each for each in of if each not in self.votes]
        if natural(name) in cast or not free:
            return "AlreadyVoted", ""
        return None, free[0]

    def delegators(self, name: str) -> list[str]:
        """In the order in which they are asked."""
        if self.item == "alone-allowed":
            return []
        return [who for who, account in self.accounts.items() if (account, name) in self.delegations]

    def count(self) -> None:
        """The oracle: everybody who may vote or has voted is counted, as is every vote that stands."""
        voters = self.accounts.keys() | self.votes.keys()
        yes = sum(approves for approves, _ in self.votes.values())
        no = len(self.votes) - yes
        if self.item in QUORUM:
            needed = max(1, QUORUM[self.item](len(voters)))
            if yes >= needed:
                self.state = GateState.APPROVED
            elif no and len(voters) - no < needed:
                self.state = GateState.REJECTED
        elif self.votes:
            self.state = GateState.APPROVED if next(iter(self.votes.values()))[0] else GateState.REJECTED

    def attempt(self, awaitable: Any) -> str | None:
        before = self.run(self.desk.document(self.number))
        try:
            self.run(awaitable)
        except ApplicationError as refusal:
            assert self.run(self.desk.document(self.number)) == before
            return refusal.type
        return None

    @rule(name=voters, approves=st.booleans())
    def vote(self, name: str, approves: bool) -> None:
        refusal, whose = self.expected(name)
        decision = "approved" if approves else "rejected"
        assert self.attempt(self.desk.decide(self.id, decision, name)) == refusal
        if refusal is None:
            self.votes[whose] = (approves, natural(name))
            self.count()

    @rule(name=people)
    def withdraw(self, name: str) -> None:
        mine = [whose for whose, (_, by) in self.votes.items() if by == natural(name)]
        found = self.attempt(self.desk.decide(self.id, "withdrawn", name))
        if not self.is_open:
            assert found == "GateClosed"
        elif not mine or name in self.gone or name == "robot":
            assert found in ("InvalidTransition", "NotEligible", "ServiceAccountVote")
        else:
            assert found is None
            del self.votes[mine[0]]
            self.count()

    @rule(name=people, to=people)
    def delegate(self, name: str, to: str) -> None:
        if natural(name) != natural(to) and (name, to) not in self.delegations and not {name, to} & self.gone:
            self.run(self.desk.delegate(name, to))
            self.delegations.add((name, to))

    @rule(name=people)
    def leave(self, name: str) -> None:
        if name in self.gone:
            return
        self.run(self.desk.leave(name, self.number))
        self.gone.add(name)
        self.delegations = {pair for pair in self.delegations if name not in pair}
        self.look()
        if self.is_open:
            assert name not in self.accounts.values()
            self.count()

    @rule(name=people)
    def come_back(self, name: str) -> None:
        if name in self.gone:
            self.run(self.desk.change_person(name, active=True))
            self.gone.discard(name)

    @rule(name=people)
    def add(self, name: str) -> None:
        found = self.attempt(self.desk.add_approver(self.id, name))
        if not self.is_open:
            assert found == "GateClosed"
        elif name in self.gone or name == "robot":
            assert found == "NotEligible"
        elif natural(name) == "rita":
            assert found == "SelfApproval"
        elif name == "otto":
            assert found == "NotAllowed", "it is otto who adds"
        else:
            assert found is None
            self.look()
            assert natural(name) in self.accounts

    @rule(name=people, group=st.sampled_from(["board", "it-owners"]))
    def join(self, name: str, group: str) -> None:
        self.run(self.desk.quit(name, group))
        self.run(self.desk.join(name, group))

    @rule(name=people)
    def quit(self, name: str) -> None:
        self.run(self.desk.quit(name, "board"))

    @rule(name=people)
    def be_absent(self, name: str) -> None:
        """Absence alone takes no vote away and gives none."""
        self.run(self.desk.be_absent(name))

    @rule(name=people)
    def ask(self, name: str) -> None:
        refusal, _ = self.expected(name)
        found = self.attempt(self.desk.decide(self.id, "ask", name))
        if refusal not in (None, "AlreadyVoted"):
            assert found == refusal
        else:
            assert found in (None, "InvalidTransition")

    @rule()
    def answer(self) -> None:
        if not self.is_open and self.run(self.desk.document(self.number)).closed_at is not None:
            assert self.run(refused(self.desk.comment(self.number))) == "RecordClosed"
            return
        self.run(self.desk.comment(self.number))
        if self.is_open:
            assert self.look().question is None

    @precondition(lambda self: self.is_open and self.rings < 4)
    @rule()
    def let_time_pass(self) -> None:
        self.rings += 1
        self.ring()

    def ring(self) -> None:
        answer = self.run(self.desk.agenda(self.number))
        assert answer.agenda.alarm is not None
        assert answer.agenda.alarm.at > self.desk.now
        self.run(self.desk.ring_next(answer, self.number))
        gate = self.look()
        if not gate.is_open:
            assert gate.reason == "expired"
            self.state = gate.state

    @invariant()
    def the_gate_is_as_the_model_says(self) -> None:
        if not hasattr(self, "id"):
            return
        gate = self.look()
        assert gate.state is self.state
        names = {identity: name for name, identity in self.desk.ids.items()}
        ballots = {natural(names[b.natural]): b.decision.value == "approved" for b in gate.ballots}
        assert ballots == {whose: approves for whose, (approves, _) in self.votes.items()}
        hands = [natural(names[ballot.voter]) for ballot in gate.ballots]
        assert len(hands) == len(set(hands))

    def teardown(self) -> None:
        """The votes that nobody can change tell the same, and what is still open ends by itself."""
        if not hasattr(self, "id"):
            return
        rows = sorted(self.run(self.desk.rows(vote, vote.c.gate == self.id)), key=lambda row: row.seq)
        last = {row.natural_person: row.decision for row in rows}
        standing = {person for person, decision in last.items() if decision != "withdrawn"}
        assert standing == {ballot.natural for ballot in self.look().ballots}
        for _ in range(20):
            if not self.is_open:
                return
            self.ring()
        raise AssertionError("the gate has no end")


@contextmanager
def machine(postgres: EmbeddedPostgres) -> Iterator[type[GateMachine]]:
    """The machine on a database of its own, in an event loop of its own."""
    with asyncio.Runner() as runner:
        opened = request_desk(postgres, "activities_gate", catalogue())
        GateMachine.runner, GateMachine.desk = runner, runner.run(opened.__aenter__())
        try:
            yield GateMachine
        finally:
            runner.run(opened.__aexit__(None, None, None))


@pytest.mark.proof
def test_a_gate_is_what_its_model_says(postgres: EmbeddedPostgres, full: bool) -> None:
    chosen = settings(
        max_examples=400 if full else 40,
        stateful_step_count=60 if full else 25,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    with machine(postgres) as made:
        run_state_machine_as_test(made, settings=chosen)
