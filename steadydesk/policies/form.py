"""Answers to a form: whether they fit it, and which records they name. Messages never repeat an answer."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
from pydantic import JsonValue

from steadydesk.contracts.base import OTHER_YEARS, YEARS
from steadydesk.contracts.form import FieldKind, Form
from steadydesk.contracts.words import BLANK, is_blank
from steadydesk.policies.form_schema import REFERENCES, json_schema

__all__ = ["FormProblem", "check", "json_schema", "references", "sensitive", "usable"]

_MESSAGES = {
    "falseSchema": "is not asked for with these answers; leave it out",
    "oneOf": "must be one of the choices",
    "pattern": "has not the expected form",
    "uniqueItems": "names a choice twice",
    "minItems": "needs at least one choice",
    "minLength": "must not be empty; leave it out when there is no answer",
}
_LIMITS = {
    "maxLength": "not be longer in characters than",
    "minimum": "be at least",
    "maximum": "be at most",
}
_FORMATS = {"date": "a date as YYYY-MM-DD", "email": "an e-mail address"}
_OWN_WORDS = (FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.CONFIGURATION_ITEM, FieldKind.PERSON)
"""Of a person the name, where it is nobody of the directory yet."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TYPES = {
    "string": "text",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
}


@dataclass(frozen=True, slots=True)
class FormProblem:
    """``pointer`` is an RFC 6901 JSON pointer into the variables."""

    pointer: str
    message: str


def check(form: Form, variables: Mapping[str, JsonValue]) -> list[FormProblem]:
    """What does not fit the form, in the order of the pointers; empty when all answers fit.

    Whether a person, group or configuration item exists is not known here: see ``references``.
    """
    found: set[tuple[str, str]] = set()
    for error in _validator(form).iter_errors(dict(variables)):
        found.update(_problems(form, error))
    found.update((pointer, BLANK) for pointer in _blank(form, variables))
    found.update((f"/{_escaped(key)}", OTHER_YEARS) for key in _of_other_years(form, variables))
    return [FormProblem(pointer, message) for pointer, message in sorted(found)]


def references(form: Form, variables: Mapping[str, JsonValue]) -> list[tuple[str, FieldKind, str]]:
    """(pointer, kind, name) of each record that the answers name; a future person is none yet."""
    return [
        (f"/{_escaped(key)}", field.kind, value)
        for key, field in form.fields.items()
        if field.kind in REFERENCES and isinstance(value := variables.get(key), str)
    ]


def sensitive(form: Form) -> frozenset[str]:
    """Keys of the fields that only the step that needs them is shown."""
    return frozenset(key for key, field in form.fields.items() if field.sensitive)


def usable(form: Form) -> str | None:
    """Why the form cannot be checked at all (a pattern that is no regular expression); None when it can."""
    try:
        _validator(form)
    except ValueError as error:
        return str(error).splitlines()[0]
    return None


def _of_other_years(form: Form, variables: Mapping[str, JsonValue]) -> Iterator[str]:
    """Fields with a date of which no process could make an instant."""
    for key in (key for key, field in form.fields.items() if field.kind is FieldKind.DATE):
        given = variables.get(key)
        if isinstance(given, str) and _DATE.fullmatch(given) and int(given[:4]) not in YEARS:
            yield key


def _blank(form: Form, variables: Mapping[str, JsonValue]) -> Iterator[str]:
    """Pointers of answers in which nothing can be read; that one must not be empty says the schema."""
    for key in (key for key, field in form.fields.items() if field.kind in _OWN_WORDS):
        given, pointer = variables.get(key), f"/{_escaped(key)}"
        if isinstance(given, dict):
            given, pointer = given.get("name"), f"{pointer}/name"
        if isinstance(given, str) and given and is_blank(given):
            yield pointer


def _validator(form: Form) -> jsonschema_rs.Draft202012Validator:
    # The linear engine: a pattern that somebody configured must not take exponential time.
    return jsonschema_rs.Draft202012Validator(
        json_schema(form), validate_formats=True, pattern_options=jsonschema_rs.RegexOptions()
    )


def _problems(form: Form, error: jsonschema_rs.ValidationError) -> Iterator[tuple[str, str]]:
    pointer = "".join(f"/{_escaped(str(part))}" for part in error.instance_path)
    keyword = error.kind.name
    detail = error.kind.as_dict()
    if keyword == "required":
        yield f"{pointer}/{_escaped(detail['property'])}", "is required"
    elif keyword == "additionalProperties":
        known = ", ".join(form.fields) or "none"
        for name in detail["unexpected"]:
            yield f"{pointer}/{_escaped(name)}", f"is not a field of this form; its fields are: {known}"
    else:
        yield pointer, _message(form, keyword, error)


def _message(form: Form, keyword: str, error: jsonschema_rs.ValidationError) -> str:
    detail = error.kind.as_dict()
    if keyword in _LIMITS:
        return f"must {_LIMITS[keyword]} {detail['limit']:.15g}"
    if keyword == "format":
        return f"must be {_FORMATS.get(detail['format'], detail['format'])}"
    if keyword == "type":
        return f"must be {_expected(detail)}"
    if keyword == "oneOf" and _asks_for_person(form, error):
        return "must be a user name, or an object with the name of a future person"
    return _MESSAGES.get(keyword, "does not fit the form")


def _expected(detail: dict[str, Any]) -> str:
    types: list[str] = detail.get("types") or [detail.get("type", "")]
    return " or ".join(_TYPES.get(name, name) for name in types)


def _asks_for_person(form: Form, error: jsonschema_rs.ValidationError) -> bool:
    field = form.fields.get(str(error.instance_path[0])) if error.instance_path else None
    return field is not None and field.kind is FieldKind.PERSON


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
