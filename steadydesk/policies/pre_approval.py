"""Whether an item that nobody has to approve still is approved in advance: that holds until a day, and no longer."""

from datetime import date

from steadydesk.contracts.catalog import CatalogItem

ENDED = "pre_approval_ended"
"""The close code of a line that began after its item's pre-approval had ended."""


def has_ended(item: CatalogItem, today: date) -> bool:
    """Whether nobody approves the item any more on ``today``, where its calendar is; the last day still counts."""
    return item.approval is None and item.pre_approved is not None and item.pre_approved.until < today


def is_renewed(item: CatalogItem | None, today: date) -> bool:
    """Whether a later version's entry pre-approves the item again."""
    return item is not None and item.pre_approved is not None and not has_ended(item, today)
