"""Addresses of pages with filters."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel


def with_filters(path: str, **filters: str | Sequence[str] | None) -> str:
    """The address of a list with these filters; None leaves one out, several values stand after each other."""
    given = {name: value for name, value in filters.items() if value}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def changed_address(path: str, now: BaseModel, changes: Mapping[str, Any]) -> str:
    """The address of a list whose filters are ``now``, with changes, from its first page (``after``) on; only what is
    not as usual stands in it.
    """
    changed = {**now.model_dump(mode="json", exclude={"after"}), **changes}
    usual = type(now)().model_dump(mode="json")
    query = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in changed.items()
        if value != usual[name]
    }
    return f"{path}?{urlencode(query)}" if query else path
