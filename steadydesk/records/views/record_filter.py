"""What a list of records shows, in which order, from where on."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from steadydesk.contracts.numbers import RecordKind

PROCESSES = (RecordKind.REQUEST.value, RecordKind.GRANT.value)


class RecordOrder(StrEnum):
    CHANGED = "changed"
    OPENED = "opened"
    EXPECTED = "expected"
    """What is promised soonest first, what is not promised at all last."""


@dataclass(frozen=True)
class RecordFilter:
    """What a list shows; None does not filter."""

    kind: str | None = None
    state: str | None = None
    open: bool | None = None
    own: bool = False
    """Only processes that the viewer asked for, or that are for them."""
    opened_by: str | None = None
    caller: str | None = None
    assignment_group: str | None = None
    groups: tuple[str, ...] | None = None
    assigned_to: str | None = None
    item: str | None = None
    """Of a request: something of it is in the order."""
    function: str | None = None
    parent: str | None = None
    late: bool | None = None
    updated_since: datetime | None = None

    def is_of_latest(self, order: RecordOrder) -> bool:
        """Whether the list is of the latest processes of a kind, and nothing but how somebody sees them, and whether
        they are open, decides of which.
        """
        plain = replace(self, kind=None, open=None, own=False) == RecordFilter()
        return plain and self.kind in PROCESSES and order is RecordOrder.CHANGED


@dataclass(frozen=True)
class Position:
    """The last row of the page before, by the instant of the list's order."""

    at: datetime
    number: str
