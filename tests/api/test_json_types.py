"""Every field of every JSON body takes the types that the description gives it, and no others."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.app import create_app
from api.problems import pointer_of
from steadydesk.contracts.assertion import AuthenticationMethod
from steadydesk.contracts.directory import Person, Role, RoleHolding, Standing
from steadydesk.contracts.identity import Proof, Scope
from tests.support.api_desk import DeskServices
from tests.support.refusals import refused
from tests.support.stacks import isolated_settings

Schema = dict[str, Any]
Place = tuple[str | int, ...]


class Everybody:
    """Whoever comes is an administrator who may do everything, for bodies are looked at after that."""

    async def prove(self, bearer: str, address: str) -> Proof:
        del bearer, address
        person = Person(id="p_adaadminabcd", user_name="ada.admin", name="Ada")
        roles = frozenset(RoleHolding(role=role, function="it") for role in Role)
        whole = frozenset(RoleHolding(role=role) for role in Role if role is not Role.PROCESS_OWNER)
        standing = Standing(person=person, roles=roles | whole)
        scopes = frozenset(Scope) - {Scope.ACT_FOR}
        return Proof(standing=standing, scopes=scopes, method=AuthenticationMethod.TOKEN, credential="t_1")

    def limit_public(self, address: str) -> None:
        del address

    def refuse_flood(self, key: str) -> None:
        del key


NOTHING_BEHIND: Any = DeskServices(cast(Any, None), isolated_settings(state_dir=Path("/nonexistent")))
APP = create_app(NOTHING_BEHIND)
APP.state.identity = Everybody()
DESCRIBED: Schema = APP.openapi()
VALUES: dict[str, list[Any]] = {
    "string": ["", "3", "2.5", "true", "yes", "null", "2027-01-31"],
    "integer": [0, 1, 2, 1700000000],
    "number": [2.5],
    "whole": [0.0, 1.0],
    "boolean": [True, False],
    "null": [None],
    "array": [[], ["a"], [1]],
    "object": [{}, {"a": 1}],
}
IN_WORDS_TOO: dict[Place, set[str]] = {("people", 0, "roles", 0): {"string"}}
"""What is described as an object, and may be written as role@function."""


FAULTS = "The request has faults"
"""How a contract begins to tell what is wrong."""


class Body(NamedTuple):
    method: str
    path: str
    schema: Schema
    example: Any


def bodies() -> dict[str, Body]:
    found: dict[str, Body] = {}
    for path, methods in DESCRIBED["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            if sent := content.get("application/json"):
                found[operation["operationId"]] = Body(method, path, sent["schema"], sent["example"])
    return found


BODIES = bodies()


def places(schema: Schema, place: Place = ()) -> Iterator[tuple[Place, set[str]]]:
    """Each place in a body with the types that it takes; none where it takes whatever there is."""
    options = list(alternatives(schema))
    types = {option["type"] for option in options if "type" in option}
    if len(types) < len({option.get("type") for option in options}):
        return
    yield place, types | IN_WORDS_TOO.get(place, set()) | ({"integer"} if "number" in types else set())
    for option in options:
        for name, inner in option.get("properties", {}).items():
            yield from places(inner, (*place, name))
        if isinstance(inner := option.get("additionalProperties"), dict):
            yield from places(inner, (*place, "a.yaml"))
        if "items" in option:
            yield from places(option["items"], (*place, 0))


def alternatives(schema: Schema) -> Iterator[Schema]:
    if "$ref" in schema:
        schema = DESCRIBED["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        for option in schema["anyOf"]:
            yield from alternatives(option)
    else:
        yield schema


def put(body: Any, place: Place, value: Any) -> Any:
    """The body with this value there, and no more than it needs on the way."""
    if not place:
        return value
    first, *rest = place
    if isinstance(first, int):
        return [put(body[0] if isinstance(body, list) and body else {}, tuple(rest), value)]
    held = cast(dict[str, Any], body) if isinstance(body, dict) else {}
    return {**held, first: put(held.get(first), tuple(rest), value)}


def send(body: Body, value: Any) -> httpx2.Response:
    async def call() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=APP)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            number = "GRA0000001" if "/grants/" in body.path else "REQ0000001"
            path, content = body.path.format(number=number, **NAMES), json.dumps(value)
            return await client.request(body.method, path, content=content, headers=HEADERS)

    return asyncio.run(call())


HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer anything", "If-Match": '"1"'}
NAMES = {
    "gate": "REQ0000001-G1", "person_id": "p_annaebert234", "key": "night-shift",
    "subscription_id": "wh_abcdefghijkl", "digest": "0" * 8,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(BODIES))
def test_the_example_has_the_types(name: str) -> None:
    """Whatever is said of it: the contract has found no fault."""
    answer = send(BODIES[name], BODIES[name].example)
    assert answer.status_code != 401, answer.text
    assert FAULTS not in answer.text


@pytest.mark.parametrize("name", sorted(BODIES))
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_another_type_is_refused_at_its_place(name: str, data: st.DataObject) -> None:
    body = BODIES[name]
    place, types = data.draw(st.sampled_from(list(places(body.schema))))
    fitting = types | ({"whole"} if "integer" in types else set())
    value = data.draw(
        st.sampled_from([one for kind in sorted(VALUES.keys() - fitting) for one in VALUES[kind]])
    )
    answer = send(body, put(body.example, place, value))
    problem = refused(answer, 422, "invalid-input")
    assert problem["detail"].startswith(FAULTS)
    assert pointer_of(place) in [fault["pointer"] for fault in problem["problems"]]


@pytest.mark.parametrize(
    ("quantity", "fits"), [(2.0, True), (2, True), (1e0, True), (1.5, False), ("2", False)]
)
def test_a_whole_number_may_be_written_with_a_point(quantity: Any, fits: bool) -> None:
    """JSON has one kind of number: to JSON Schema, which describes the bodies, 2.0 is an integer."""
    body = BODIES["order"]
    answer = send(body, put(body.example, ("items", 0, "quantity"), quantity))
    assert (FAULTS not in answer.text) == fits


def test_every_field_is_tried() -> None:
    """The numbers and booleans among them, which a conversion would take from a text."""
    tried = {
        (name, pointer_of(place)): types for name in BODIES for place, types in places(BODIES[name].schema)
    }
    assert tried["order", "/items/0/quantity"] == {"integer"}
    assert tried["answer_survey", "/score"] == {"integer"}
    assert tried["resubmit", "/quantity"] == {"integer", "null"}
    assert tried["add_comment", "/work_note"] == {"boolean"}
    assert tried["write_preferences", "/preferences/0/wanted"] == {"boolean"}
    assert tried["edit_subscription", "/active"] == {"boolean", "null"}
    assert ("order", "/items/0/variables/a.yaml") not in tried


async def test_who_may_not_do_it_learns_nothing_of_types() -> None:
    body = BODIES["add_person"]
    transport = httpx2.ASGITransport(app=APP)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.request(body.method, body.path, json={"user_name": 1})
    refused(answer, 401, "not-signed-in")
