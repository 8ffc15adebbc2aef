"""What may be explained instead of matched: the whole table, written before the first run.

An explained case is replayed too, up to the event that the rule names, and must agree with the log that far.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.real_requests.case import REQUESTER, Act, Event

MOST_EXPLAINED = 0.05
"""The share of the replayed cases that rules may explain."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``replayed`` is how many of a case's events are replayed, None where the rule does not apply."""

    name: str
    why: str
    replayed: Callable[[Sequence[Event]], int | None]


def _saved_only(events: Sequence[Event]) -> int | None:
    return 0 if all(event.act is Act.SAVED for event in events) else None


def _open_at_the_end(events: Sequence[Event]) -> int | None:
    last = events[-1]
    withdrawn = last.act is Act.REJECTED and last.role == REQUESTER
    return None if withdrawn or last.act is Act.PAYMENT_HANDLED else len(events)


RULES = (
    Rule("saved only", "a draft that nobody submitted is no request", _saved_only),
    Rule("open at the end", "the log ends before the request does", _open_at_the_end),
)


def rule_for(events: Sequence[Event]) -> tuple[Rule, int] | None:
    """The first rule that applies, with the number of events to replay all the same."""
    for rule in RULES:
        replayed = rule.replayed(events)
        if replayed is not None:
            return rule, replayed
    return None
