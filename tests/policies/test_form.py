"""Forms: their schema, the answers that fit, and what is said of those that do not."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steadydesk.contracts.form import FieldKind, Form
from steadydesk.policies.form import check, json_schema, references, sensitive, usable

CHOICES = [{"value": "a", "label": {"en": "A", "de": "Ah"}}, {"value": "b", "label": "B"}]
FORM = Form.model_validate({
    "fields": {
        "kind": {"kind": "choice", "label": {"en": "Kind", "de": "Art"}, "required": True, "choices": CHOICES},
        "why": {
            "kind": "long-text", "label": "Why", "required": True, "max_length": 10,
            "visible_when": {"field": "kind", "values": ["b"]},
        },
        "count": {
            "kind": "number", "label": "Count", "minimum": 1, "maximum": 5,
            "required_when": {"field": "kind", "values": ["a"]},
        },
        "price": {"kind": "number", "label": "Price", "maximum": 1_250_000.25},
        "who": {"kind": "person", "label": "Who", "future_person": True},
        "boss": {"kind": "person", "label": "Boss"},
        "team": {"kind": "group", "label": "Team"},
        "day": {"kind": "date", "label": "Day"},
        "extras": {"kind": "multi-choice", "label": "Extras", "choices": CHOICES},
        "dock": {"kind": "boolean", "label": "Dock", "visible_when": {"field": "extras", "values": ["b"]}},
        "code": {"kind": "text", "label": "Code", "pattern": "^[A-Z]{3}$", "sensitive": True, "help": "Three letters"},
    }
})  # fmt: skip
GOOD: dict[str, Any] = {"kind": "a", "count": 2}


@pytest.mark.parametrize(
    "answers",
    [
        GOOD,
        {"kind": "b", "why": "because"},
        {**GOOD, "who": "rita", "boss": "mona", "team": "desk", "day": "2027-02-28", "code": "ABC"},
        {**GOOD, "who": {"name": "Nora Neu"}},
        {**GOOD, "who": {"name": "Nora Neu", "email": "nora@example.org"}},
        {**GOOD, "extras": ["a", "b"], "dock": False},
        {**GOOD, "extras": []},
    ],
)
def test_answers_that_fit(answers: dict[str, Any]) -> None:
    assert check(FORM, answers) == []


@pytest.mark.parametrize(
    ("answers", "pointer", "words"),
    [
        ({}, "/kind", "is required"),
        ({"kind": "a"}, "/count", "is required"),
        ({"kind": "b"}, "/why", "is required"),
        ({"kind": "c"}, "/kind", "one of the choices"),
        ({**GOOD, "why": "x"}, "/why", "not asked for with these answers"),
        ({**GOOD, "dock": True}, "/dock", "not asked for"),
        ({**GOOD, "extras": ["a"], "dock": True}, "/dock", "not asked for"),
        ({**GOOD, "count": 0}, "/count", "at least 1"),
        ({**GOOD, "count": 5.5}, "/count", "at most 5"),
        ({**GOOD, "price": 1_250_000.5}, "/price", "at most 1250000.25"),
        ({**GOOD, "count": "2"}, "/count", "must be a number"),
        ({**GOOD, "count": True}, "/count", "must be a number"),
        ({**GOOD, "count": None}, "/count", "must be a number"),
        ({"kind": "b", "why": "x" * 11}, "/why", "not be longer in characters than 10"),
        ({"kind": "b", "why": ""}, "/why", "must not be empty"),
        ({**GOOD, "day": "2027-02-30"}, "/day", "a date as YYYY-MM-DD"),
        ({**GOOD, "day": "28.02.2027"}, "/day", "a date as YYYY-MM-DD"),
        ({**GOOD, "day": "1899-12-31"}, "/day", "of the years 1900 to 2200"),
        ({**GOOD, "day": "9999-12-31"}, "/day", "of the years 1900 to 2200"),
        ({**GOOD, "code": "abc"}, "/code", "expected form"),
        ({**GOOD, "extras": ["a", "a"]}, "/extras", "twice"),
        ({**GOOD, "extras": ["a", "z"]}, "/extras/1", "one of the choices"),
        ({**GOOD, "extras": "a"}, "/extras", "must be a list"),
        ({**GOOD, "boss": {"name": "Nora"}}, "/boss", "must be text"),
        ({**GOOD, "who": {"nmae": "Nora"}}, "/who", "name of a future person"),
        ({**GOOD, "who": 5}, "/who", "name of a future person"),
        ({**GOOD, "extras": ["b"], "dock": "yes"}, "/dock", "must be true or false"),
        ({**GOOD, "extras": ["b"], "dock": 1}, "/dock", "must be true or false"),
        ({**GOOD, "day": 20270228}, "/day", "must be text"),
        ({"kind": "b", "why": " \n "}, "/why", "must not be blank"),
        ({"kind": "b", "why": "\u200b\u2060"}, "/why", "must not be blank"),
        ({**GOOD, "who": {"name": " "}}, "/who/name", "must not be blank"),
        ({**GOOD, "colour": 1}, "/colour", "is not a field of this form; its fields are: kind"),
        ({**GOOD, "a/b~c": 1}, "/a~1b~0c", "is not a field"),
    ],
)
def test_answers_that_do_not_fit(answers: dict[str, Any], pointer: str, words: str) -> None:
    found = check(FORM, answers)
    assert [problem.pointer for problem in found] == [pointer]
    assert words in found[0].message


def test_a_message_never_repeats_an_answer() -> None:
    answers = {"kind": "hush-hush", "code": "hush-hush", "day": "hush-hush", "who": {"nmae": "hush-hush"}}
    assert "hush-hush" not in str(check(FORM, answers))


def test_the_schema_is_one_and_speaks_the_readers_language() -> None:
    schema = json_schema(FORM, "de")
    jsonschema_rs.meta.validate(schema)
    kind = schema["properties"]["kind"]
    assert kind["title"] == "Art"
    assert [option["title"] for option in kind["oneOf"]] == ["Ah", "B"]
    assert schema["properties"]["code"]["x-sensitive"] is True
    assert schema["properties"]["why"]["x-visible-when"] == {"field": "kind", "values": ["b"]}


def test_records_that_answers_name() -> None:
    answers = {**GOOD, "who": {"name": "Nora"}, "boss": "mona", "team": "desk"}
    assert references(FORM, answers) == [
        ("/boss", FieldKind.PERSON, "mona"),
        ("/team", FieldKind.GROUP, "desk"),
    ]


def test_sensitive_fields_and_patterns() -> None:
    assert sensitive(FORM) == {"code"}
    assert usable(FORM) is None
    field = FORM.fields["code"].model_copy(update={"pattern": "(?<=a)b"})
    assert usable(Form(fields={"code": field})) is not None


def _expected(answers: dict[str, Any]) -> bool:
    """Whether the answers fit the three conditional fields, said once more in plain Python."""
    kind, extras = answers.get("kind"), answers.get("extras", [])
    return (
        kind is not None
        and ("why" in answers) == (kind == "b")
        and ("count" in answers or kind != "a")
        and ("dock" not in answers or "b" in extras)
    )


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "kind": st.sampled_from(["a", "b"]),
            "why": st.just("x"),
            "count": st.integers(1, 5),
            "extras": st.lists(st.sampled_from(["a", "b"]), unique=True),
            "dock": st.booleans(),
        },
    )
)
def test_conditions_against_an_oracle(answers: dict[str, Any]) -> None:
    assert (check(FORM, answers) == []) == _expected(answers)
