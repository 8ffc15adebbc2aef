"""Which approvals may be decided together: of one policy, none restricted, none above the policy's amount."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class NotInBulk(StrEnum):
    """Why an approval has to be decided by itself, on its own page."""

    NOT_OPEN = "not_open"
    """Decided in the meantime, or not the person's to decide."""
    RESTRICTED = "restricted"
    OTHER_POLICY = "other_policy"
    ABOVE_LIMIT = "above_limit"


@dataclass(frozen=True)
class BulkItem:
    """One approval that somebody chose. ``limit`` is ``bulk_limit`` of its policy in the record's own version, None
    where the policy has none; both amounts are in the order's currency.
    """

    gate: str
    policy: str
    open: bool
    restricted: bool
    amount: float
    limit: float | None


def kept_from_bulk(chosen: Sequence[BulkItem]) -> dict[str, NotInBulk]:
    """By gate, why it is not among those that one confirmation may decide; what is missing here may be.

    The policy is that of the first one that could be decided in bulk at all.
    """
    kept = {item.gate: why for item in chosen if (why := _by_itself(item))}
    policy = next((item.policy for item in chosen if item.gate not in kept), None)
    others = {
        item.gate: NotInBulk.OTHER_POLICY
        for item in chosen
        if item.gate not in kept and item.policy != policy
    }
    return kept | others


def _by_itself(item: BulkItem) -> NotInBulk | None:
    if not item.open:
        return NotInBulk.NOT_OPEN
    if item.restricted:
        return NotInBulk.RESTRICTED
    if item.limit is not None and item.amount > item.limit:
        return NotInBulk.ABOVE_LIMIT
    return None
