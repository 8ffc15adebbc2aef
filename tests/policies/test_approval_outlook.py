"""What one more yes or no would set off at a gate; the document itself stays as it is."""

from datetime import timedelta
from typing import Any

import pytest

from steadydesk.contracts.gate import Decision, Gate, GateState
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line, StepRun, StepState
from steadydesk.policies.approval_outlook import Follows, Outlook, outlook
from tests.support.requests import NOW, automated, gate, line, manual, organisation, policy, process, stage

YES, NO = Decision.APPROVED, Decision.REJECTED
TWO = {"first": stage(), "second": stage()}
PLAN = {"steps": {"build": manual(), "send": automated(needs=["build"]), "tell": manual()}}


def seen(
    decision: Decision,
    *gates: Gate,
    stages: dict[str, Any] | None = None,
    item: dict[str, Any] | None = None,
    of: Line | None = None,
    **special: Any,
) -> Outlook:
    """After a decision at the first of the gates."""
    what = organisation(
        {"item": {"approval": "approval", **(item or {})}},
        {"approval": {"stages": stages or {"first": stage()}, **special}, "other": policy(stages=TWO)},
    )
    whole = process(
        of or line(phase=Phase.APPROVAL, stages=list(stages or {"first": stage()})),
        gates={each.id: each for each in gates},
    )
    before = whole.model_dump_json()
    found = outlook(whole, what, gates[0], decision, NOW)
    assert whole.model_dump_json() == before
    return found


@pytest.mark.parametrize(
    ("rule", "votes", "decision", "follows", "missing"),
    [
        ({"any": True}, {}, YES, Follows.END, 0),
        ({"any": True}, {}, NO, Follows.REFUSED, 0),
        ({"all": True}, {}, YES, Follows.MORE_VOTES, 2),
        ({"all": True}, {"ann": True}, YES, Follows.MORE_VOTES, 1),
        ({"all": True}, {"ann": True, "ben": True}, YES, Follows.END, 0),
        ({"all": True}, {}, NO, Follows.REFUSED, 0),
        ({"count": 2}, {}, YES, Follows.MORE_VOTES, 1),
        ({"count": 2}, {}, NO, Follows.MORE_VOTES, 2),
        ({"count": 2}, {"ann": False}, NO, Follows.REFUSED, 0),
        ({"percent": 60}, {"ann": True}, YES, Follows.END, 0),
    ],
)
def test_the_rule_says_whether_one_vote_is_enough(
    rule: dict[str, Any], votes: dict[str, bool], decision: Decision, follows: Follows, missing: int
) -> None:
    opened = gate(("ann", "ben", "cem"), votes)
    found = seen(decision, opened, stages={"first": stage(rule=rule)})
    assert (found.follows, found.votes) == (follows, missing)


def test_the_next_stage_is_asked_after_the_first() -> None:
    assert seen(YES, gate(), stages=TWO) == Outlook(Follows.NEXT_STAGE, stages=["second"])


def test_stages_beside_each_other_wait_for_each_other() -> None:
    second = gate(id="REQ0000001-G2", stage="second")
    assert seen(YES, gate(), second, stages=TWO, mode="parallel") == Outlook(
        Follows.OTHER_APPROVALS, stages=["second"]
    )
    assert seen(NO, gate(), second, stages=TWO, mode="parallel").follows is Follows.REFUSED


def test_the_first_steps_start_or_wait_for_their_date() -> None:
    assert seen(YES, gate(), item={"plan": PLAN}) == Outlook(Follows.STEPS, steps=["build", "tell"])
    later = NOW + timedelta(days=3)
    dated = line(phase=Phase.APPROVAL, stages=["first"], effective_at=later)
    waits = {"plan": PLAN | {"starts": "effective-date"}}
    assert seen(YES, gate(), item=waits, of=dated) == Outlook(Follows.DATE, at=later)
    extends = line(phase=Phase.APPROVAL, stages=["first"], extends="GRA0000001")
    assert seen(YES, gate(), item={"plan": PLAN}, of=extends).follows is Follows.END


def test_a_refusal_returns_where_the_policy_says_so() -> None:
    assert seen(NO, gate(), on_rejection="return").follows is Follows.RETURN


@pytest.mark.parametrize(
    ("on_failure", "follows"),
    [("fail", Follows.STEP_FAILED), ("skip", Follows.STEP_SKIPPED), ("ask", Follows.STEP_DECIDED)],
)
def test_an_approval_within_the_plan_leads_on_in_the_plan(on_failure: str, follows: Follows) -> None:
    ask = {"kind": "approval", "label": "Release", "policy": "other", "on_failure": on_failure}
    plan = {"steps": {"release": ask, "send": automated(needs=["release"]), "tell": manual()}}
    first = gate(policy="other", step="release", state=GateState.APPROVED)
    second = gate(id="REQ0000001-G2", policy="other", stage="second", step="release")
    steps = {
        "release": StepRun(state=StepState.OPEN, gates=[first.id, second.id]),
        "tell": StepRun(state=StepState.OPEN),
    }
    under_way = line(steps=steps, phase=Phase.FULFILMENT)
    item = {"plan": plan}
    assert seen(YES, second, first, item=item, of=under_way) == Outlook(Follows.STEPS, steps=["send"])
    assert seen(NO, second, first, item=item, of=under_way).follows is follows
