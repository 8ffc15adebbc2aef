"""The description of the API is complete: ids, words, refusals, and an example of every body that its model takes."""

from typing import Any, cast

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import TypeAdapter

from api.app import create_app
from api.examples import EXAMPLES
from api.metrics import PREFIX
from api.openapi import operations
from api.problems import MEDIA_TYPE
from steadydesk.settings import Settings
from tests.support.api_desk import KEYRING, DeskServices
from tests.support.stacks import isolated_settings


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    settings: Settings = isolated_settings(state_dir=tmp_path_factory.mktemp("api"))
    services: Any = DeskServices(cast(Any, None), settings, KEYRING)
    return create_app(services)


@pytest.fixture(scope="module")
def described(app: FastAPI) -> dict[str, dict[str, Any]]:
    """Every operation by its id."""
    found: dict[str, dict[str, Any]] = {}
    for path, method, operation in operations(app.openapi()):
        assert operation["operationId"] not in found, f"{method} {path} takes a taken id"
        found[operation["operationId"]] = operation
    return found


def test_every_route_says_what_it_does(described: dict[str, dict[str, Any]]) -> None:
    bare = [name for name, one in described.items() if not (one.get("summary") and one.get("description"))]
    assert bare == []
    assert all(one.get("tags") for one in described.values())


def test_ids_are_names_of_functions(described: dict[str, dict[str, Any]]) -> None:
    """Clients are generated from them: one that goes or changes is a break."""
    assert {"order", "show_request", "decide", "complete", "break_glass", "show_task"} <= set(described)
    assert all(name.isidentifier() for name in described)


def test_every_refusal_is_a_problem(described: dict[str, dict[str, Any]]) -> None:
    for name, one in described.items():
        refused = {status: answer for status, answer in one["responses"].items() if status >= "400"}
        assert "429" in refused, name
        for status, answer in refused.items():
            if name in ("livez", "readyz") and status == "503":
                continue
            assert list(answer["content"]) == [MEDIA_TYPE], (name, status)
            assert "/problems/" in answer["description"], (name, status)
        if one.get("security"):
            assert {"401", "403"} <= set(refused), name
        if any(parameter["in"] == "path" for parameter in one.get("parameters", [])):
            assert {"404", "422"} <= set(refused), name


def test_every_reference_leads_somewhere(app: FastAPI) -> None:
    document = app.openapi()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for reference in _references(document):
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in target, reference
            target = target[step]


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set[str]()
        return own.union(*map(_references, value.values()))
    return set[str]().union(*map(_references, value)) if isinstance(value, list) else set()


def test_every_body_has_an_example_that_its_model_takes(app: FastAPI, described: dict[str, Any]) -> None:
    takes_json = {
        name
        for name, one in described.items()
        if "application/json" in one.get("requestBody", {}).get("content", {})
    }
    assert takes_json == set(EXAMPLES)
    models = {
        route.name: route.dependant.body_params[0].field_info.annotation
        for route in _routes(app)
        if route.name in takes_json
    }
    for name, model in models.items():
        TypeAdapter(model).validate_python(EXAMPLES[name], strict=False)


def _routes(app: FastAPI) -> Any:
    """Those of the API; the portal's have names of their own."""
    every = (route for route in iter_route_contexts(app.routes) if getattr(route, "dependant", None))
    return [route for route in every if (route.path or "").startswith(PREFIX)]
