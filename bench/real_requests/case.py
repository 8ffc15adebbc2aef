"""A case of the log: what was done with one request for payment, by which role, and when."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from bench.real_requests.xes import Trace, XesError

STAGES = {
    "PRE_APPROVER": "pre-approver",
    "ADMINISTRATION": "administration",
    "BUDGET OWNER": "budget-owner",
    "SUPERVISOR": "supervisor",
    "DIRECTOR": "director",
}
"""The stage of the approval policy at which each role of the log decides, in the policy's order."""

REQUESTER, MISSING, SYSTEM = "EMPLOYEE", "MISSING", "UNDEFINED"
"""Roles of the log that decide at no stage."""

_AMOUNT_KEYS = ("(case)_RequestedAmount", "RequestedAmount", "(case)_Amount", "Amount")
_BY_ROLE = re.compile(r"(?:.+ )?(SAVED|SUBMITTED|APPROVED|FINAL_APPROVED|REJECTED) by (.+)")


class Act(StrEnum):
    SAVED = "SAVED"
    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    FINAL_APPROVED = "FINAL_APPROVED"
    REJECTED = "REJECTED"
    PAYMENT_REQUESTED = "Request Payment"
    PAYMENT_HANDLED = "Payment Handled"
    UNKNOWN = "unknown"
    """An activity that no request for payment has."""

    @property
    def is_approval(self) -> bool:
        return self in (Act.APPROVED, Act.FINAL_APPROVED)


@dataclass(frozen=True, slots=True)
class Event:
    act: Act
    role: str
    at: datetime
    activity: str

    @property
    def words(self) -> str:
        """The event without what the log calls its requests: ``REJECTED by ADMINISTRATION``."""
        if self.act is Act.UNKNOWN:
            return self.activity
        payment = self.act in (Act.PAYMENT_REQUESTED, Act.PAYMENT_HANDLED)
        return self.act.value if payment else f"{self.act} by {self.role}"

    @property
    def stage(self) -> str | None:
        """The stage at which this event is a decision, or None."""
        decides = self.act.is_approval or self.act is Act.REJECTED
        return STAGES.get(self.role) if decides else None


@dataclass(frozen=True, slots=True)
class Case:
    """``amount`` is in euros, None where the log has none."""

    name: str
    amount: float | None
    events: tuple[Event, ...]

    @property
    def variant(self) -> tuple[str, ...]:
        """What was done, in the log's own order."""
        return tuple(event.words for event in self.events)


def case_of(trace: Trace) -> Case:
    """The case of a trace; XesError where an event lacks its name or time."""
    name = trace.attributes.get("concept:name", "")
    sources = [trace.attributes, *trace.events]
    amounts = (source[key] for source in sources for key in _AMOUNT_KEYS if key in source)
    try:
        amount = next((float(text) for text in amounts), None)
        return Case(name, amount, tuple(_event(attributes) for attributes in trace.events))
    except KeyError as error:
        raise XesError(f"case '{name}': an event has no {error}") from error
    except ValueError as error:
        raise XesError(f"case '{name}': {error}") from error


def _event(attributes: dict[str, str]) -> Event:
    activity = attributes["concept:name"]
    at = datetime.fromisoformat(attributes["time:timestamp"])
    if found := _BY_ROLE.fullmatch(activity):
        return Event(Act(found[1]), found[2], at, activity)
    known = activity in (Act.PAYMENT_REQUESTED, Act.PAYMENT_HANDLED)
    return Event(Act(activity) if known else Act.UNKNOWN, SYSTEM, at, activity)


def in_order(case: Case) -> list[Event]:
    """The events in the order in which they can have happened.

    Events of one second have no order of their own in the log; approvals among them are taken in the policy's.
    """
    ordered: list[Event] = []
    for (_, approvals), together in groupby(case.events, key=lambda event: (event.at, event.act.is_approval)):
        events = list(together)
        ordered += sorted(events, key=_rank) if approvals and len(events) > 1 else events
    return ordered


def _rank(event: Event) -> int:
    return list(STAGES).index(event.role) if event.role in STAGES else len(STAGES)
