"""Which approvals may be decided together: of one policy, none restricted, and not above the policy's amount, each of
them nor all of them together: many small ones are as much money as a large one.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf


class NotInBulk(StrEnum):
    """Why an approval has to be decided by itself, on its own page."""

    NOT_OPEN = "not_open"
    """Decided in the meantime, or not the person's to decide."""
    RESTRICTED = "restricted"
    OTHER_POLICY = "other_policy"
    ABOVE_LIMIT = "above_limit"
    ABOVE_TOGETHER = "above_together"
    """With it, those chosen before it would be above the limit."""


@dataclass(frozen=True)
class BulkItem:
    """One approval that somebody chose. ``limit`` is ``bulk_limit`` of its policy in the record's own version, None
    where the policy has none; both amounts are in ``currency``, the order's.
    """

    gate: str
    policy: str
    open: bool
    restricted: bool
    amount: float
    currency: str | None
    limit: float | None


def kept_from_bulk(chosen: Sequence[BulkItem]) -> dict[str, NotInBulk]:
    """By gate, why it is not among those that one confirmation may decide; what is missing here may be.

    The policy is that of the first one that could be decided in bulk at all. Amounts of one currency add up in the
    order in which the approvals were chosen, to the lowest limit at most.
    """
    kept = {item.gate: why for item in chosen if (why := _by_itself(item))}
    policy = next((item.policy for item in chosen if item.gate not in kept), None)
    others = {
        item.gate: NotInBulk.OTHER_POLICY
        for item in chosen
        if item.gate not in kept and item.policy != policy
    }
    kept |= others
    return kept | _too_much([item for item in chosen if item.gate not in kept])


def _too_much(chosen: list[BulkItem]) -> dict[str, NotInBulk]:
    together: list[BulkItem] = []
    for item in chosen:
        if _within_limit([*together, item]):
            together.append(item)
    return {item.gate: NotInBulk.ABOVE_TOGETHER for item in chosen if item not in together}


def _within_limit(items: list[BulkItem]) -> bool:
    limit = min((item.limit for item in items if item.limit is not None), default=inf)
    totals: defaultdict[str | None, float] = defaultdict(float)
    for item in items:
        totals[item.currency] += item.amount
    return all(round(total, 2) <= limit for total in totals.values())


def _by_itself(item: BulkItem) -> NotInBulk | None:
    if not item.open:
        return NotInBulk.NOT_OPEN
    if item.restricted:
        return NotInBulk.RESTRICTED
    if item.limit is not None and item.amount > item.limit:
        return NotInBulk.ABOVE_LIMIT
    return None
