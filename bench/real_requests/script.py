"""What to do at the desk to repeat a case: each event of the log as one action of a person, and what it leaves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bench.real_requests.case import MISSING, REQUESTER, STAGES, SYSTEM, Act, Case, Event

DIRECTOR_ABOVE = 1000.0
"""Euros above which the demo's policy asks the director."""

_SOME_AMOUNT = 100.0


class Kind(StrEnum):
    ORDER = "order"
    RESUBMIT = "resubmit"
    APPROVE = "approve"
    REJECT = "reject"
    RECALL = "recall"
    """By the requester, out of approval."""
    TAKE_BACK = "take back"
    """By the requester, of what was returned already: a comment."""
    GIVE_BACK = "give back"
    """After the final approval, by whoever carries out the payments: the log does not name them."""
    WITHDRAW = "withdraw"
    COMPLETE = "complete"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Action:
    """``leaves`` is the phase in which the log's next word must find the request."""

    kind: Kind
    role: str
    leaves: str
    subject: str = ""
    """The stage of a decision, the label of a task."""
    answers: dict[str, Any] | None = None


TASKS = {Act.PAYMENT_REQUESTED: "Request the payment", Act.PAYMENT_HANDLED: "Confirm the payment"}
"""The steps of the item's plan, as people read them."""


def script_of(case: Case, events: Sequence[Event]) -> list[Action]:
    """The actions that repeat ``events`` of the case; ValueError where one is no event of such a process."""
    answers = _answers(case, events)
    actions: list[Action] = []
    requested = False
    for place, event in enumerate(events):
        requested = requested or event.act is Act.PAYMENT_REQUESTED
        if event.act is Act.PAYMENT_HANDLED and not requested:
            actions.append(Action(Kind.SKIP, SYSTEM, "fulfilment", TASKS[Act.PAYMENT_REQUESTED]))
        if event.act is not Act.SAVED:
            last = place == len(events) - 1
            actions.append(_action(event, answers, actions, last=last))
    return actions


def _action(event: Event, answers: Iterator[dict[str, Any]], before: list[Action], *, last: bool) -> Action:
    by_requester = event.role == REQUESTER
    match event.act:
        case Act.SUBMITTED if by_requester:
            kind = Kind.RESUBMIT if before else Kind.ORDER
            return Action(kind, REQUESTER, "approval", answers=next(answers))
        case Act.REJECTED if event.stage or event.role == MISSING or (by_requester and (before or last)):
            return _rejection(event, before, last=last)
        case Act.APPROVED | Act.FINAL_APPROVED if event.stage:
            leaves = "approval" if event.act is Act.APPROVED else "fulfilment"
            return Action(Kind.APPROVE, event.role, leaves, event.stage)
        case Act.PAYMENT_REQUESTED | Act.PAYMENT_HANDLED:
            leaves = "fulfilment" if event.act is Act.PAYMENT_REQUESTED else "complete"
            return Action(Kind.COMPLETE, event.role, leaves, TASKS[event.act])
        case _:
            raise ValueError(f"'{event.activity}' is no event of an expense payment")


def _rejection(event: Event, before: list[Action], *, last: bool) -> Action:
    """By an approver, by whoever found it wrong after the final approval, or by the requester."""
    if event.stage:
        return Action(Kind.REJECT, event.role, "returned", event.stage)
    if event.role == MISSING:
        return Action(Kind.GIVE_BACK, SYSTEM, "returned")
    if last:
        return Action(Kind.WITHDRAW, REQUESTER, "cancelled")
    kind = Kind.RECALL if before[-1].leaves == "approval" else Kind.TAKE_BACK
    return Action(kind, REQUESTER, "returned")


def _answers(case: Case, events: Sequence[Event]) -> Iterator[dict[str, Any]]:
    """The form of each submission: the stages asked for are those that then decided."""
    asked: list[set[str]] = []
    for event in events:
        if event.act is Act.SUBMITTED:
            asked.append(set())
        elif event.stage and asked:
            asked[-1].add(event.stage)
    for number, stages in enumerate(asked, start=1):
        known = stages or next((later for later in asked[number:] if later), set[str]())
        yield _form(case, number, known)


def _form(case: Case, number: int, stages: set[str]) -> dict[str, Any]:
    return {
        "purpose": f"{case.name}, submission {number}",
        "amount": amount_of(case, director=STAGES["DIRECTOR"] in stages),
        "spent_on": case.events[0].at.date().isoformat(),
        "iban": "DE02120300000000202051",
        "ask_pre_approver": STAGES["PRE_APPROVER"] in stages,
        "ask_administration": STAGES["ADMINISTRATION"] in stages,
        "ask_budget_owner": STAGES["BUDGET OWNER"] in stages,
    }


def amount_of(case: Case, *, director: bool) -> float:
    """The log's amount, moved to the side of the director's limit on which the case was decided."""
    amount = max(round(_SOME_AMOUNT if case.amount is None else case.amount, 2), 0.01)
    return max(amount, DIRECTOR_ABOVE + 0.01) if director else min(amount, DIRECTOR_ABOVE)
