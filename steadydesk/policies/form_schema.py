"""A form as JSON Schema 2020-12: what portals render and the API checks against."""

from collections.abc import Callable, Iterator
from typing import Any

from steadydesk.contracts.form import Condition, FieldKind, Form, FormField
from steadydesk.contracts.language import in_language

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LONGEST_NAME = 200

Schema = dict[str, Any]

REFERENCES = frozenset({FieldKind.PERSON, FieldKind.GROUP, FieldKind.CONFIGURATION_ITEM})
"""Kinds whose answer names a record; whether it exists is the directory's to say."""


def json_schema(form: Form, language: str = "en") -> Schema:
    """The schema of the variables, with titles in ``language``.

    Beside the standard keywords: ``x-kind`` (the field's kind), ``x-sensitive``, and on conditional fields
    ``x-visible-when`` and ``x-required-when`` with ``field`` and ``values``, for those who draw the form.
    """
    schema: Schema = {
        "$schema": DIALECT,
        "type": "object",
        "properties": {key: _property(field, language) for key, field in form.fields.items()},
        "required": [
            key for key, field in form.fields.items() if field.required and field.visible_when is None
        ],
        "additionalProperties": False,
    }
    rules = [rule for key, field in form.fields.items() for rule in _rules(form, key, field)]
    return {**schema, "allOf": rules} if rules else schema


def _property(field: FormField, language: str) -> Schema:
    schema: Schema = {
        "title": in_language(field.label, language),
        "x-kind": str(field.kind),
        **_value(field, language),
    }
    if field.help is not None:
        schema["description"] = in_language(field.help, language)
    if field.sensitive:
        schema["x-sensitive"] = True
    for keyword, condition in (
        ("x-visible-when", field.visible_when),
        ("x-required-when", field.required_when),
    ):
        if condition is not None:
            schema[keyword] = condition.model_dump()
    return schema


def _value(field: FormField, language: str) -> Schema:
    match field.kind:
        case FieldKind.CHOICE:
            return _choice(field, language)
        case FieldKind.MULTI_CHOICE:
            least = 1 if field.required else 0
            return {
                "type": "array", "items": _choice(field, language), "uniqueItems": True, "minItems": least,
            }  # fmt: skip
        case _:
            return _PLAIN[field.kind](field)


def _text(field: FormField) -> Schema:
    schema: Schema = {"type": "string", "minLength": 1, "maxLength": field.max_length}
    return schema if field.pattern is None else {**schema, "pattern": field.pattern}


def _number(field: FormField) -> Schema:
    limits = {"minimum": field.minimum, "maximum": field.maximum}
    return {"type": "number"} | {name: limit for name, limit in limits.items() if limit is not None}


def _date(_field: FormField) -> Schema:
    return {"type": "string", "format": "date"}


def _boolean(_field: FormField) -> Schema:
    return {"type": "boolean"}


def _choice(field: FormField, language: str) -> Schema:
    options = [
        {"const": choice.value, "title": in_language(choice.label, language)} for choice in field.choices
    ]
    return {"type": "string", "oneOf": options}


def _reference(field: FormField) -> Schema:
    known: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}
    if not (field.kind is FieldKind.PERSON and field.future_person):
        return known
    future: Schema = {
        "type": "object",
        "properties": {"name": known, "email": {**known, "format": "email"}},
        "required": ["name"],
        "additionalProperties": False,
    }
    return {"oneOf": [known, future]}


_PLAIN: dict[FieldKind, Callable[[FormField], Schema]] = {
    FieldKind.TEXT: _text,
    FieldKind.LONG_TEXT: _text,
    FieldKind.NUMBER: _number,
    FieldKind.DATE: _date,
    FieldKind.BOOLEAN: _boolean,
    FieldKind.PERSON: _reference,
    FieldKind.GROUP: _reference,
    FieldKind.CONFIGURATION_ITEM: _reference,
}


def _rules(form: Form, key: str, field: FormField) -> Iterator[Schema]:
    required: Schema = {"required": [key]}
    if field.visible_when is not None:
        shown = required if field.required else True
        yield {"if": _holds(form, field.visible_when), "then": shown, "else": {"properties": {key: False}}}
    if field.required_when is not None:
        conditions = [field.required_when, *([field.visible_when] if field.visible_when else [])]
        yield {"if": {"allOf": [_holds(form, condition) for condition in conditions]}, "then": required}


def _holds(form: Form, condition: Condition) -> Schema:
    asked = form.fields.get(condition.field)
    among: Schema = {"enum": condition.values}
    answer = {"contains": among} if asked is not None and asked.kind is FieldKind.MULTI_CHOICE else among
    return {"properties": {condition.field: answer}, "required": [condition.field]}
