"""`docs/api.md`: every route with its right, its input, its answers and its refusals; every model."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi.routing import iter_route_contexts

from api.security import permission_of
from docs.reference.application import application
from docs.reference.markdown import code, one_line, page, table
from docs.reference.schema import kind_of, model_section
from steadydesk.errors import (
    InvalidInput,
    NotAllowed,
    NotSignedIn,
    QuotaExceeded,
    TooLarge,
    Unavailable,
    UnknownRecord,
    UnsupportedMediaType,
    all_refusals,
)
from steadydesk.policies.rights import SCOPE_OF, Permission

_METHODS = ("get", "post", "put", "patch", "delete")
_COMMON = (
    NotSignedIn,
    NotAllowed,
    UnknownRecord,
    InvalidInput,
    TooLarge,
    UnsupportedMediaType,
    QuotaExceeded,
    Unavailable,
)
_EVERYWHERE = ("X-Act-For",)
"""Parameters that the introduction tells of, once."""

INTRODUCTION = """\
All addresses begin with `/api/v1`, but those under *problems* and *health*. The machine-readable form is
`GET /api/v1/openapi.json`.

- **Who calls.** `Authorization: Bearer <token>`: an API token (`sdk_…`) or an access token of the configured OIDC
  issuer. A token gives its scopes, its person gives the roles; a route needs both. `X-Act-For: <user name>` acts for
  somebody else, with the scope `act-for`; nobody decides that way.
- **What is invisible does not exist.** A record that you may not see answers 404, whatever you do to it.
- **Once.** `Idempotency-Key` on a `POST`: the same key with the same body gets the same answer, also after the
  process has ended; with another body it is refused (422). Keys are kept 90 days.
- **Versions.** `ETag` is the version that you read; `If-Match` on a change refuses it when somebody was faster (412).
- **Waiting.** A command is answered within five seconds, else with 202 and `Location`; the same key asks again.
- **Lists.** `limit` is 200 at most. `after` of the answer is the cursor of the next page, null at the end.
  A query parameter that the route does not have is refused (422): a misspelt filter would let everything through.
- **Types** are those of JSON: `"3"` is no number and `1` no boolean, a day or an instant is ISO 8601 text.
  Nothing is converted, so nothing is guessed. Words that are given have something to read: blank ones are refused.
- **Refusals** are `application/problem+json` (RFC 9457) with a stable `type`, see [Problems](#problems). Not repeated
  at each route: not signed in, not allowed, not found, invalid input, too large, unsupported media type, quota
  exceeded, unavailable.
- **Numbers** may be typed as people do: `req42`, `REQ-42` and `REQ0000042` are the same."""


def api_page() -> str:
    document = application().openapi()
    return page(
        "API reference",
        INTRODUCTION,
        *(_section(tag, routes) for tag, routes in _by_tag(document).items()),
        _unlisted(document),
        "## Problems",
        "Each has a page of its own at its `type`, such as `GET /problems/stale-version`.",
        problems_table(),
        "## Rights",
        "A route names one right. Roles carry rights, a token's scope must include it; "
        "[visibility](visibility.md) says which role carries which.",
        table(("right", "scope of the token"), ((code(p), code(SCOPE_OF[p])) for p in Permission)),
        "## Models",
        *(model_section(name, schema) for name, schema in sorted(document["components"]["schemas"].items())),
    )


def problems_table() -> str:
    return table(
        ("type", "status", "title", "meaning"),
        (
            (
                code(f"/problems/{refusal.slug()}"),
                str(refusal.status),
                refusal.title,
                one_line(refusal.explanation()),
            )
            for refusal in all_refusals()
        ),
    )


def routes() -> dict[tuple[str, str], Permission | None]:
    """(method, path) of every route to the right that it needs; None for public ones."""
    return {
        (method, str(route.path)): permission_of(getattr(route, "dependant", None))
        for route in iter_route_contexts(application().routes)
        for method in route.methods or ()
        if method.lower() in _METHODS
    }


def _unlisted(document: Mapping[str, Any]) -> str:
    """Pages for people and other forms of a route, which the machine-readable description leaves out."""
    listed = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    hidden = sorted(each for each in routes().items() if each[0] not in listed)
    rows = ((code(" ".join(route)), code(right) if right else "public") for route, right in hidden)
    return "\n\n".join(["## Beside the description", table(("route", "right"), rows)])


def _by_tag(document: Mapping[str, Any]) -> dict[str, list[tuple[str, str, Mapping[str, Any]]]]:
    found: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = operation.get("tags", ["other"])[0]
            found.setdefault(tag, []).append((method.upper(), path, operation))
    return found


def _section(tag: str, found: list[tuple[str, str, Mapping[str, Any]]]) -> str:
    return "\n\n".join([f"## {tag.capitalize()}", *(_route(*route) for route in found)])


def _route(method: str, path: str, operation: Mapping[str, Any]) -> str:
    right = routes().get((method, path))
    facts = [
        one_line(operation.get("description")),
        f"Right: {code(right)}." if right else "Public.",
        _body(operation),
        "Answers " + "; ".join(_answers(operation)) + ".",
    ]
    return "\n\n".join(
        part
        for part in (
            f"### `{method} {path}`",
            " ".join(fact for fact in facts if fact),
            _parameters(operation),
            _refusals(operation),
            _example(operation),
        )
        if part
    )


def _body(operation: Mapping[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    return " ".join(f"Body: {kind_of(media['schema'])}." for media in content.values())


def _answers(operation: Mapping[str, Any]) -> Iterator[str]:
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            media = next(iter(answer.get("content", {}).values()), {})
            words = kind_of(media["schema"]) if media.get("schema") else "nothing"
            yield f"{status}: {words}"


def _refusals(operation: Mapping[str, Any]) -> str:
    """What this route can refuse beyond what every route can."""
    common = {code(f"/problems/{refusal.slug()}") for refusal in _COMMON}
    found = [
        line.partition(":")[0]
        for status, answer in operation["responses"].items()
        if not status.startswith("2")
        for line in answer.get("description", "").split("\n\n")
        if line.startswith("`/problems/")
    ]
    special = [line for line in found if line not in common]
    return "Refusals: " + ", ".join(special) + "." if special else ""


def _example(operation: Mapping[str, Any]) -> str:
    media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if "example" not in media:
        return ""
    return f"```json\n{json.dumps(media['example'], indent=2, ensure_ascii=False)}\n```"


def _parameters(operation: Mapping[str, Any]) -> str:
    return table(
        ("parameter", "in", "value", "meaning"),
        (
            (
                code(parameter["name"]),
                parameter["in"],
                kind_of(parameter["schema"]),
                one_line(parameter.get("description") or parameter["schema"].get("description")),
            )
            for parameter in operation.get("parameters", [])
            if parameter["name"] not in _EVERYWHERE
        ),
    )
