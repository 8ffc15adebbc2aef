"""Cursors of lists that run down a rising number: the newest first, read on from below the last one."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from steadydesk.contracts.page import Page, cursor, keys_of
from steadydesk.errors import InvalidInput, Problem

T = TypeVar("T")

_LARGEST = 2**63 - 1


def position_of(after: str | None) -> int | None:
    """The number below which to read on; InvalidInput for a cursor that no such list gave out."""
    if after is None:
        return None
    (text,) = keys_of(after, 1)
    if not (text.isascii() and text.isdecimal()) or int(text) > _LARGEST:
        raise InvalidInput(
            "'after' is not a cursor that this list gave out.",
            problems=[Problem("/after", "is not a cursor that this list gave out", "query")],
        )
    return int(text)


def descending(items: Sequence[T], limit: int, number: Callable[[T], int]) -> Page[T]:
    """The page of these items; it has an ``after`` when there may be more."""
    more = len(items) == limit and items
    return Page(items=list(items), after=cursor(str(number(items[-1]))) if more else None)
