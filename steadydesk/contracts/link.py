"""In which way one record refers to another."""

from enum import StrEnum


class LinkKind(StrEnum):
    FOLLOWS = "follows"
    """Takes up what is closed."""
