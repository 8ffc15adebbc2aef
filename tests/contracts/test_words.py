"""What people write: something to read, in whatever letters, and kept as it is."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from steadydesk.contracts.directory import Name
from steadydesk.contracts.subscription import Label
from steadydesk.contracts.words import LongWords, Words, is_blank

NOTHING = [
    " ",
    " \n\t ",
    "\u200b",
    "\u200d\u200c\u2060",
    "\ufeff",
    "\u00ad",
    "\u202e",
    "\u2800",
    "\u3164\ufe0f",
    "\x1b",
]
SOMETHING = ["x", " x ", "\u200bx", "?", "é", "e\u0301", "日本", "👍🏽", "👩\u200d🚒", "—"]


@pytest.mark.parametrize("text", NOTHING, ids=ascii)
@pytest.mark.parametrize("kind", [Words, LongWords, Name, Label], ids=["words", "long", "name", "label"])
def test_a_text_without_anything_to_read_is_refused(kind: Any, text: str) -> None:
    with pytest.raises(ValidationError, match=r"must not be blank|at least 1 character"):
        TypeAdapter(kind).validate_python(text)


@pytest.mark.parametrize("text", SOMETHING, ids=ascii)
def test_every_other_text_is_kept_as_it_is(text: str) -> None:
    assert TypeAdapter(Words).validate_python(text) == text
    assert not is_blank(text)


def test_an_empty_label_is_none() -> None:
    assert TypeAdapter(Label).validate_python("") == ""
    with pytest.raises(ValidationError):
        TypeAdapter(Words).validate_python("")
