"""The catalogue of events: complete, in both languages, within the template language, and true to the code."""

import ast
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest

from steadydesk.connectors.template import Template, TemplateForm
from steadydesk.contracts.event_type import COMMON_FIELDS, EventType, FieldKind
from steadydesk.contracts.events import EVENT_TYPES, FIELDS, event_type
from steadydesk.policies.delivery_payload import webhook_data
from tests.support.stacks import REPOSITORY

_SAMPLES = {
    FieldKind.CODE: "open",
    FieldKind.CODES: ["amount", "item"],
    FieldKind.LABEL: {"en": "Laptop", "de": "Notebook"},
    FieldKind.COUNT: 75,
    FieldKind.DAY: "2026-03-01T23:00:00+00:00",
    FieldKind.INSTANT: "2026-03-02T09:30:00+00:00",
    FieldKind.NUMBER: "RITM0000001",
    FieldKind.PERSON: "p_aaaaaaaaaaaa",
    FieldKind.GROUP: "it-desk",
    FieldKind.WORDS: "t_words",
}

every_event = pytest.mark.parametrize("event", EVENT_TYPES.values(), ids=list(EVENT_TYPES))


@every_event
def test_the_built_in_template_renders_with_all_fields_and_with_none(event: EventType) -> None:
    fields = {*COMMON_FIELDS, *event.fields}
    full = dict.fromkeys(fields, "X") | {"number": "REQ0000001"}
    bare = dict.fromkeys(fields, "") | {"number": "REQ0000001", "title": "Laptop"}
    for source in (event.template.subject, event.template.text):
        assert isinstance(source, dict)
        assert set(source) == {"en", "de"}
        for text in source.values():
            for values in (full, bare):
                words = Template(text, fields, TemplateForm.TEXT).render(values)
                assert words.strip()
                assert "{" not in words


@every_event
def test_the_payload_fits_the_schema_and_holds_no_words(event: EventType) -> None:
    facts = {name: _SAMPLES[doc.kind] for name, doc in event.fields.items()}
    data = webhook_data(
        event,
        number="REQ0000001",
        subject="RITM0000001",
        sequence=7,
        facts=facts,
        public_url="https://desk.example/",
    )
    schema = event.webhook_schema()
    jsonschema_rs.meta.validate(schema)
    body = {"type": event.wire_type, "timestamp": "2026-03-02T09:30:00Z", "data": data}
    jsonschema_rs.validator_for(schema, validate_formats=True).validate(body)
    assert "t_words" not in str(data)
    assert set(event.public_fields()) <= set(data)


@every_event
def test_facts_of_another_kind_stay_inside(event: EventType) -> None:
    data = webhook_data(
        event,
        number="REQ0000001",
        subject=None,
        sequence=7,
        facts=dict.fromkeys([*event.fields, "more"], 3.5),
        public_url="https://desk.example",
    )
    assert set(data) == {"number", "link", "sequence"}


def test_wire_types_are_names_of_standard_webhooks() -> None:
    assert EVENT_TYPES["break-glass.used"].wire_type == "break_glass.used"
    assert len({event.wire_type for event in EVENT_TYPES.values()}) == len(EVENT_TYPES)


def test_an_unknown_event_is_told_without_details() -> None:
    event = event_type("future.thing")
    assert not event.public
    assert event.fields == {}
    assert event_type("request.opened") is EVENT_TYPES["request.opened"]


def told() -> Iterator[tuple[str, str, set[str]]]:
    """(place, event, facts) of every message that a transition posts under a constant name."""
    for path in (REPOSITORY / "activities").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "tell"
            ):
                yield from _messages(path, node)


def _messages(path: Path, call: ast.Call) -> Iterator[tuple[str, str, set[str]]]:
    facts = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
    for constant in ast.walk(call.args[0]):
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
            yield f"{path.name}:{call.lineno}", constant.value, facts


def test_every_message_of_the_code_is_in_the_catalogue() -> None:
    messages = list(told())
    assert len(messages) > 10
    assert [(place, event) for place, event, _ in messages if event not in EVENT_TYPES] == []


def test_every_fact_of_the_code_is_documented() -> None:
    undocumented = [
        (place, event, sorted(facts - set(EVENT_TYPES[event].fields)))
        for place, event, facts in told()
        if event in EVENT_TYPES and facts - set(EVENT_TYPES[event].fields)
    ]
    assert undocumented == []


def test_every_field_is_used() -> None:
    used = {name for event in EVENT_TYPES.values() for name in event.fields}
    assert sorted(set(FIELDS) - used) == []
