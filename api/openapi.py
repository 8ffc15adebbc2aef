"""The description of the API: stable operation ids, what every route can refuse, and an example of each body."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic.json_schema import models_json_schema

from api.actions import acting
from api.examples import EXAMPLES
from api.metrics import PREFIX
from api.problems import MEDIA_TYPE, PROBLEM_SCHEMA, ProblemDocument, refusals
from api.security import permission_of
from steadydesk.errors import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotSignedIn,
    QuotaExceeded,
    Refusal,
    StaleVersion,
    TooLarge,
    Unavailable,
    UnknownRecord,
    UnsupportedMediaType,
)

_REF = "#/components/schemas/{model}"
_SUPERFLUOUS = ("HTTPValidationError", "ValidationError")

Operation = dict[str, Any]


def operation_id(route: APIRoute) -> str:
    """The name of the route's function: it stays when a path or tag is renamed."""
    return route.name


def describe(app: FastAPI) -> None:
    """Let ``app.openapi()`` give the whole description."""
    plain = app.openapi

    def whole() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(app, plain())
        return app.openapi_schema

    app.openapi = whole


def _completed(app: FastAPI, document: dict[str, Any]) -> dict[str, Any]:
    routes = {
        (route.path, method.lower()): getattr(route, "dependant", None)
        for route in iter_route_contexts(app.routes)
        for method in route.methods or ()
    }
    for path, method, operation in operations(document):
        dependant = routes[path, method]
        for status, response in refusals(*_refused(path, dependant, operation)).items():
            _add(operation["responses"], str(status), response)
        for response in operation["responses"].values():
            if MEDIA_TYPE in response.get("content", {}):
                response["content"] = {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}
        _exemplify(operation)
    schemas = document["components"]["schemas"]
    for name in _SUPERFLUOUS:
        schemas.pop(name, None)
    _, problem = models_json_schema([(ProblemDocument, "serialization")], ref_template=_REF)
    schemas.update(problem["$defs"])
    return document


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    """Path, method and description of every route."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _refused(path: str, dependant: Dependant | None, operation: Operation) -> Iterator[type[Refusal]]:
    """What follows from what a route takes; what it refuses beyond that it declares itself."""
    yield from (QuotaExceeded, Unavailable)
    if permission_of(dependant) is not None:
        yield from (NotSignedIn, NotAllowed)
    parameters = operation.get("parameters", [])
    if parameters or "requestBody" in operation or path.startswith(PREFIX):
        yield InvalidInput
    if any(parameter["in"] == "path" for parameter in parameters):
        yield UnknownRecord
    if "requestBody" in operation:
        yield TooLarge
        yield UnsupportedMediaType
    if _acts(dependant):
        yield from (Conflict, StaleVersion)


def _acts(dependant: Dependant | None) -> bool:
    """Whether the route commands a process."""
    if dependant is None:
        return False
    made_by = getattr(dependant.call, "__qualname__", "")
    return made_by.startswith(f"{acting.__qualname__}.") or any(map(_acts, dependant.dependencies))


def _add(responses: dict[str, Any], status: str, response: dict[str, Any]) -> None:
    """Beside what the route itself says of the status; FastAPI's own word on wrong input is not ours."""
    present = responses.get(status)
    if present is None or MEDIA_TYPE not in present.get("content", {}):
        responses[status] = response
    elif (line := response["description"]) not in present["description"]:
        present["description"] += f"\n\n{line}"


def _exemplify(operation: Operation) -> None:
    content: dict[str, Any] = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content and operation["operationId"] in EXAMPLES:
        content["application/json"]["example"] = EXAMPLES[operation["operationId"]]
