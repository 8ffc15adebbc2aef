"""Every answer that is not a success, as RFC 9457 problem details with a stable type."""

import secrets
import traceback
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from steadydesk.errors import (
    InternalError,
    InvalidInput,
    MethodNotAllowed,
    NotAllowed,
    NotSignedIn,
    Problem,
    QuotaExceeded,
    Refusal,
    TooLarge,
    Unavailable,
    UnknownAddress,
    UnsupportedMediaType,
    refusal_named,
)
from steadydesk.records.faults import RETRY_AFTER_SECONDS, refusal_of

MEDIA_TYPE = "application/problem+json"
PREFIX = "/problems/"

TEMPORAL_AWAY = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.UNKNOWN,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.ABORTED,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
    }
)
"""What calls end with while the server is away, starts, or is killed in the middle of the call."""

_LENGTHS = ("too_short", "too_long")
_log = structlog.get_logger(__name__)
_BY_STATUS: Mapping[int, tuple[type[Refusal], str]] = {
    401: (NotSignedIn, "Sign in first."),
    403: (NotAllowed, "This is not allowed."),
    404: (UnknownAddress, "The API has nothing at this path."),
    405: (MethodNotAllowed, "The path does not take this method."),
    413: (TooLarge, "The body is too large."),
    415: (UnsupportedMediaType, "The body's media type is not accepted here."),
    429: (QuotaExceeded, "Too many requests."),
    503: (Unavailable, "Try again later."),
}


class Fault(BaseModel):
    """One thing that is wrong with the input."""

    pointer: str = Field(description="JSON pointer into the part that `where` names.")
    message: str
    where: str = "body"


class ProblemDocument(BaseModel):
    """RFC 9457 problem details; further members belong to the type."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["/problems/not-allowed"])
    title: str
    status: int
    detail: str
    pointer: str | None = None
    problems: list[Fault] | None = None
    retry_after: int | None = Field(default=None, description="Seconds to wait.")


PROBLEM_SCHEMA = {"$ref": "#/components/schemas/ProblemDocument"}
"""In the description of the API, where ``api.openapi`` puts the model itself."""


def install_problems(app: FastAPI) -> None:
    """Let ``app`` answer with problems for refusals, wrong input, unknown paths, and its own faults."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _wrong_input)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(WorkflowUpdateFailedError, _update_failed)
    app.add_middleware(UnhandledErrors)


def refusals(*types: type[Refusal]) -> dict[int | str, dict[str, Any]]:
    """What a route can refuse, for its ``responses``: an entry per status, naming the types."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for refusal in types:
        entry = by_status.setdefault(
            refusal.status,
            {"description": "", "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}},
        )
        line = f"`{PREFIX}{refusal.slug()}`: {refusal.title}"
        entry["description"] = f"{entry['description']}\n\n{line}".strip()
    return by_status


def problem_response(refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    """The refusal as a response, with ``Retry-After`` and ``WWW-Authenticate`` where they belong."""
    body: dict[str, Any] = {
        **refusal.details,
        "type": PREFIX + refusal.slug(),
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.message,
    }
    if refusal.pointer is not None:
        body["pointer"] = refusal.pointer
    if refusal.problems:
        body["problems"] = [problem.as_json() for problem in refusal.problems]
    sent = dict(headers or {})
    if "retry_after" in refusal.details:
        sent["Retry-After"] = str(refusal.details["retry_after"])
    if refusal.status == NotSignedIn.status:
        sent["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, refusal.status, sent, media_type=MEDIA_TYPE)


def restored(error: ApplicationError) -> Refusal | None:
    """The refusal that a workflow or activity raised, found by its type; None when it is no refusal."""
    kind = refusal_named(error.type or "")
    if kind is None:
        return None
    facts = error.details[0] if error.details and isinstance(error.details[0], Mapping) else {}
    return kind.restored(error.message, facts)


def pointer_of(location: Iterable[int | str]) -> str:
    """RFC 6901: ``("items", 0, "a/b")`` is ``/items/0/a~1b``."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in location)


class UnhandledErrors:
    """ASGI middleware: what nothing else answered becomes a problem with an id that the log names.

    The log gets the kind and the place of the error, not its message, which may quote what people wrote.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001  this is the last place where anything is answered
            refusal = _answer(error, scope)
            if not started:
                await problem_response(refusal)(scope, receive, send)


def _answer(error: Exception, scope: Scope) -> Refusal:
    refusal = error if isinstance(error, Refusal) else refusal_of(error) or _from_temporal(error)
    if refusal is not None:
        return refusal
    incident = secrets.token_hex(8)
    frames = [
        f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    _log.error("unhandled error", incident=incident, kind=kind, route=_template(scope), where=frames[-12:])
    return InternalError(
        "Something went wrong here; the incident id finds it in the log.", details={"incident": incident}
    )


def _from_temporal(error: Exception) -> Refusal | None:
    cut_off = isinstance(error, WorkflowUpdateRPCTimeoutOrCancelledError)
    if cut_off or (isinstance(error, RPCError) and error.status in TEMPORAL_AWAY):
        return Unavailable("Temporal does not answer.", details={"retry_after": RETRY_AFTER_SECONDS})
    return None


def _template(scope: Scope) -> str:
    """The route's pattern; the path itself may hold what somebody typed."""
    return f"{scope['method']} {getattr(scope.get('route'), 'path', '?')}"


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return problem_response(error)


async def _update_failed(_request: Request, error: Exception) -> Response:
    cause = error.__cause__
    refusal = restored(cause) if isinstance(cause, ApplicationError) else None
    if refusal is None:
        raise error
    return problem_response(refusal)


async def _wrong_input(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [_problem(fault) for fault in error.errors()]
    request.state.problems = problems
    return problem_response(InvalidInput("The request has faults; 'problems' lists them.", problems=problems))


def _problem(fault: Mapping[str, Any]) -> Problem:
    where, *location = fault["loc"]
    if fault["type"] == "json_invalid":
        reason = fault.get("ctx", {}).get("error", "it cannot be parsed")
        at = f" at character {location[0]}" if location else ""
        return Problem("", f"the body is not JSON: {reason}{at}")
    return problem_of(fault, location, str(where))


def problem_of(fault: Mapping[str, Any], location: Iterable[int | str], where: str = "body") -> Problem:
    """What pydantic found wrong with an input. Secrets have no length of their own for it, and are as texts here."""
    values = dict(fault.get("ctx") or {})
    is_secret = fault["type"] in _LENGTHS and values.get("field_type") == "Value"
    kind = f"string_{fault['type']}" if is_secret else fault["type"]
    message = str(fault["msg"]).removeprefix("Value error, ")
    return Problem(pointer_of(location), message, where, kind, values)


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind, sentence = _BY_STATUS.get(error.status_code, (None, ""))
    if kind is not None:
        return problem_response(kind(sentence), error.headers)
    if error.status_code < 500:
        return problem_response(InvalidInput("The request cannot be read."), error.headers)
    raise error
