"""What people write in their own words: kept as it is, and never blank."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

BLANK = "must not be blank"
"""What is said of a text in which nothing can be read."""

_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""Unicode's categories of controls, of what joins and directs letters at no width, and of spaces."""

_FILLERS = frozenset("\u034f\u115f\u1160\u2800\u3164\ufe0e\ufe0f\uffa0")
"""Letters, symbols and marks by their category, and nothing to the eye."""


def is_blank(text: str) -> bool:
    """Whether there is nothing to read in it; also of an empty text."""
    return all(each in _FILLERS or unicodedata.category(each) in _UNSEEN for each in text)


def _not_blank(text: str) -> str:
    if is_blank(text):
        raise ValueError(BLANK)
    return text


def _empty_or_not_blank(text: str) -> str:
    return text and _not_blank(text)


NOT_BLANK = AfterValidator(_not_blank)
"""For texts with limits of their own, which stand before it."""

EMPTY_OR_NOT_BLANK = AfterValidator(_empty_or_not_blank)
"""The same where an empty text stands for none."""

Words = Annotated[str, StringConstraints(min_length=1, max_length=4000), NOT_BLANK]
"""A reason, a question, a comment. Where it may be missing, ``Words | None``: blank is no way to say nothing."""

LongWords = Annotated[str, StringConstraints(min_length=1, max_length=10_000), NOT_BLANK]
"""A comment on a record, a note of those who work on it."""
