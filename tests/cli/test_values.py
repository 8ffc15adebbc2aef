"""`--set key=value`: each answer gets the type that the form gives it."""

from typing import Any

import pytest
import typer

from steadydesk.cli.table import words
from steadydesk.cli.values import read_values

SCHEMA = {
    "properties": {
        "code": {"type": "string"},
        "days": {"type": "number"},
        "urgent": {"type": "boolean"},
        "rooms": {"type": "array"},
    }
}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("code=0042", "0042"),
        ("code=a=b", "a=b"),
        ("days=30", 30),
        ("days=-2.5", -2.5),
        ("urgent=Yes", True),
        ("urgent=false", False),
        ("rooms=A1, B2", ["A1", "B2"]),
        ("unknown=[1]", [1]),
        ("unknown=some words", "some words"),
    ],
)
def test_a_value_gets_its_type(setting: str, value: Any) -> None:
    assert list(read_values([setting], SCHEMA).values()) == [value]


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ("code", "no key=value"),
        ("=1", "no key=value"),
        ("days=x", "'days' takes a number"),
        ("urgent=1", "boolean"),
    ],
)
def test_what_does_not_fit_is_told(setting: str, part: str) -> None:
    with pytest.raises(typer.BadParameter, match=part):
        read_values([setting], SCHEMA)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (True, "yes"),
        ({"id": "p_1", "name": "Ada"}, "Ada"),
        (["a", {"name": "B"}], "a, B"),
        ("2026-11-23Tea at nine o'clock", "2026-11-23Tea at nine o'clock"),
        (1.5, "1.5"),
    ],
)
def test_values_become_words(value: Any, shown: str) -> None:
    assert words(value) == shown
