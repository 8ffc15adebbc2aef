"""A page of a list that is read by its keys, so that nothing is skipped or repeated while rows come and
go.
"""

import base64
import binascii
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Generic, NoReturn, TypeVar, cast

from pydantic import Field

from steadydesk.contracts.base import Contract
from steadydesk.errors import InvalidInput, Problem

T = TypeVar("T")

LARGEST_PAGE = 200


class Page(Contract, Generic[T]):
    items: list[T]
    after: str | None = Field(
        default=None, description="Give it as `after` to read on; null at the end of the list."
    )


def cursor(*keys: str) -> str:
    """The opaque ``after`` that continues behind the row with these keys."""
    return base64.urlsafe_b64encode(json.dumps(keys).encode()).decode().rstrip("=")


def keys_of(after: str, count: int) -> tuple[str, ...]:
    """The ``count`` keys of a cursor; InvalidInput for anything that ``cursor`` did not make."""
    try:
        keys = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        keys = None
    entries = cast(list[object], keys) if isinstance(keys, list) else []
    texts = tuple(key for key in entries if isinstance(key, str))
    if len(texts) != count or not all(_is_plain(key) for key in texts):
        _bad_cursor()
    return texts


def instant_and_key(
    after: str | None, fits: Callable[[str], bool] | None = None
) -> tuple[datetime, str] | None:
    """The position of a cursor made of an instant and a key; None at the beginning. ``fits`` tells whether a key is
    one of the list's own: behind another list's place nothing would be found.
    """
    if after is None:
        return None
    at, key = keys_of(after, 2)
    if fits is not None and not fits(key):
        _bad_cursor()
    try:
        instant = datetime.fromisoformat(at)
        # Far ends of the calendar leave it when they are put into another zone.
        return instant.astimezone(UTC) if instant.tzinfo else _bad_cursor(), key
    except (ValueError, OverflowError):
        return _bad_cursor()


def _is_plain(key: str) -> bool:
    """Whether the database can be asked for it."""
    return "\0" not in key and not any("\ud800" <= letter <= "\udfff" for letter in key)


def _bad_cursor() -> NoReturn:
    raise InvalidInput(
        "'after' is not a cursor that this list gave out.",
        problems=[Problem("/after", "is not a cursor that this list gave out", "query")],
    )
