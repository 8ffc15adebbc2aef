"""A page of a list that is read by its keys, so that nothing is skipped or repeated while rows come and
go.
"""

import base64
import binascii
import json
from typing import Generic, TypeVar, cast

from pydantic import Field

from steadydesk.contracts.base import Contract
from steadydesk.errors import InvalidInput

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
    except (binascii.Error, ValueError):
        keys = None
    entries = cast(list[object], keys) if isinstance(keys, list) else []
    texts = tuple(key for key in entries if isinstance(key, str))
    if len(texts) != count or any("\0" in key for key in texts):
        raise InvalidInput("'after' is not a cursor that this list gave out.", pointer="after")
    return texts
