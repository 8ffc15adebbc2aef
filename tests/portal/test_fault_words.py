"""What contracts find wrong with what people typed is said in their language, whatever kind of error it is."""

import ast
import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, TypeAdapter, ValidationError

from api.portal.forms import Posted
from api.portal.routes import ROUTERS
from api.portal.words import languages, words_in
from api.problems import problem_of
from api.routes.extensions import Extension
from steadydesk.contracts.base import OTHER_YEARS
from steadydesk.contracts.words import BLANK
from steadydesk.errors import InvalidInput, Problem
from tests.portal.orders import fill
from tests.portal.visitors import visitor
from tests.support.api_desk import ApiDesk
from tests.support.stacks import REPOSITORY

ALWAYS = {"missing", "extra_forbidden"}
SAID_BY_US = {"value_error"}
"""With a sentence of the contract's own, which stands among the phrases."""

OF_LENGTH = {
    "str": {"min_length": "string_too_short", "max_length": "string_too_long"},
    "list": {"min_length": "too_short", "max_length": "too_long"},
}
OF_TEXT: dict[str, set[str]] = {
    "int": {"int_parsing", "int_parsing_size"},
    "bool": {"bool_parsing"},
    "date": {"date_from_datetime_parsing", "date_from_datetime_inexact"},
    "literal": {"literal_error"},
    "enum": {"enum"},
    "function-after": {"value_error"},
    "function-before": {"value_error"},
}
"""What can be wrong with a text that is to become such a value. Instants are made of days by the pages themselves."""

AROUND = {
    "model", "model-fields", "model-field", "default", "nullable", "dict", "any", "union", "no-info", "datetime",
    "lax-or-strict", "json-or-python", "is-instance", "definitions", "definition-ref",
}  # fmt: skip
"""Finds nothing wrong by itself with what a form sends."""

HOSTILE = (
    "", "x", "x" * 20_000, "?!", "soon", "-1", "0", "1.5", "9" * 5000, "2026-13-01", "2026-01-01T10:00", "99999999999",
    "true", "perhaps", "Mars/Olympus", [], ["x"], ["x"] * 100,
)  # fmt: skip


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Every part of a core schema that validates."""
    if isinstance(schema, dict):
        part: dict[str, Any] = schema
        if "type" in part:
            yield part
        for name, value in part.items():
            if name not in ("metadata", "serialization", "cls", "config", "expected", "members"):
                yield from nodes(value)
    elif isinstance(schema, list | tuple):
        for value in schema:
            yield from nodes(value)


def kinds_of(schema: Any) -> set[str]:
    found: set[str] = set()
    for node in nodes(schema):
        kind = node["type"]
        assert kind in OF_TEXT or kind in OF_LENGTH or kind in AROUND, f"say what can be wrong with a {kind}"
        found |= OF_TEXT.get(kind, set())
        found |= {name for limit, name in OF_LENGTH.get(kind, {}).items() if node.get(limit)}
        if node.get("pattern"):
            found.add("string_pattern_mismatch")
        found |= {"greater_than_equal"} if "ge" in node else set()
        found |= {"less_than_equal"} if "le" in node else set()
        assert not {"gt", "lt", "multiple_of"} & node.keys()
    return found


def forms() -> list[tuple[type[BaseModel], set[str]]]:
    """Each contract that a form is read into, with the fields that the form gives."""
    found: list[tuple[type[BaseModel], set[str]]] = []
    for path in sorted((REPOSITORY / "api" / "portal").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "into"
            ):
                [model, *names] = node.args
                assert isinstance(model, ast.Name)
                fields = {
                    one.value for name in names for one in ast.walk(name) if isinstance(one, ast.Constant)
                }
                given = {keyword.arg for keyword in node.keywords if keyword.arg}
                module = importlib.import_module(".".join(path.relative_to(REPOSITORY).with_suffix("").parts))
                contract: type[BaseModel] = getattr(module, model.id)
                has_more = any(keyword.arg is None for keyword in node.keywords)
                every = set(contract.model_fields)
                found.append((contract, every if has_more else {str(one) for one in fields} | given))
    return found


def addresses() -> Iterator[TypeAdapter[Any]]:
    """What the paths and queries of the pages are read into."""
    for router in ROUTERS:
        for route in iter_route_contexts(router.routes):
            pending: list[Dependant] = [route.dependant]
            while pending:
                each = pending.pop()
                pending += each.dependencies
                for field in (*each.path_params, *each.query_params, *each.header_params):
                    yield field._type_adapter


def possible() -> set[str]:
    found = set(ALWAYS)
    for contract, names in forms():
        for name in names:
            field = contract.model_fields[name]
            found |= kinds_of(TypeAdapter(field.rebuild_annotation()).core_schema)
    for adapter in addresses():
        found |= kinds_of(adapter.core_schema)
    return found


def faults_of(adapter: TypeAdapter[Any], typed: object) -> list[Problem]:
    try:
        adapter.validate_python(typed)
    except ValidationError as error:
        return [problem_of(each, each["loc"]) for each in error.errors(include_url=False)]
    return []


def test_every_kind_of_error_that_a_page_can_meet_has_words_and_no_other_has() -> None:
    assert len(forms()) > 15
    for words in languages().values():
        known = {key.removeprefix("faults.") for key in words.texts if key.startswith("faults.")}
        assert possible() - SAID_BY_US == known, words.language


def test_what_people_can_type_meets_no_other_kind_and_every_sentence_has_its_values() -> None:
    """Hostile texts into every field of every form: the list above is not only what schemas promise."""
    met: set[str] = set()
    for contract, names in forms():
        for name in names - {"variables", "outputs", "items", "begins_at", "ends_at", "expires_at"}:
            adapter: TypeAdapter[Any] = TypeAdapter(contract.model_fields[name].rebuild_annotation())
            takes_list = "list" in {node["type"] for node in nodes(adapter.core_schema)}
            for typed in HOSTILE:
                if isinstance(typed, list) is not takes_list:
                    continue
                for problem in faults_of(adapter, typed):
                    met.add(problem.kind or "")
                    if problem.kind not in SAID_BY_US:
                        sentence = words_in("de").faults([problem])
                        assert not re.search(r"Input|should|\{|valid", sentence), (contract, name, sentence)
    assert met <= possible()
    assert met >= {
        "string_too_long",
        "int_parsing",
        "date_from_datetime_parsing",
        "literal_error",
        "enum",
        "too_short",
    }


STRAIGHT = str.maketrans("“”", "''")
SENTENCES = [
    "'Mars/Olympus' is not an IANA time zone; write one like Europe/Berlin",
    "a delegation lasts a year at most; make a new one then",
    "nobody delegates to themselves",
    "nobody adds themselves; somebody else who owns the process may",
    OTHER_YEARS,
    BLANK,
    "must not have more than 2 decimals, as an amount in EUR",
    "must have no decimals, as an amount in JPY",
    "choose a file",
    "at most 20 items go into one order; send these first",
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_sentences_of_our_own_are_translated_too(sentence: str) -> None:
    assert words_in("en").phrase(sentence).translate(STRAIGHT) == sentence
    assert words_in("de").phrase(sentence) != sentence


def test_a_fault_without_a_kind_is_said_by_its_sentence() -> None:
    several = [
        Problem("/a", "is required"),
        Problem("/a", "?", kind="string_too_long", values={"max_length": 3}),
    ]
    assert words_in("de").faults(several) == "fehlt noch; darf höchstens 3 Zeichen haben"
    assert words_in("de").faults([Problem("/a", "nobody knows", kind="new_kind")]) == "nobody knows"


def test_a_form_says_which_kind_each_fault_is() -> None:
    with pytest.raises(InvalidInput) as caught:
        Posted({"until": ["soon"], "comment": ["x" * 5000]}, {}).into(Extension, ("until", "comment"))
    kinds = {problem.pointer: problem.kind for problem in caught.value.problems}
    assert kinds == {"/until": "date_from_datetime_parsing", "/comment": "string_too_long"}


async def test_a_german_reads_german_at_the_field_and_on_the_page_of_a_wrong_address(portal: ApiDesk) -> None:
    async with visitor(portal, "ralf.requester") as ralf:
        answer = await fill(ralf, "new-laptop", {"v.model": "light"}, quantity="viele")
        assert answer.status_code == 422
        assert "muss eine ganze Zahl sein" in answer.text
        assert "valid integer" not in answer.text
        refused = await ralf.open("/requests?which=nothing")
        assert refused.status_code == 422
        assert "which muss eine der Möglichkeiten sein" in refused.text
        assert "Input should" not in refused.text
