"""Addresses of pages with filters."""

from collections.abc import Sequence
from urllib.parse import urlencode


def with_filters(path: str, **filters: str | Sequence[str] | None) -> str:
    """The address of a list with these filters; None leaves one out, several values stand after each other."""
    given = {name: value for name, value in filters.items() if value}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path
