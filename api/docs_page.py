"""``/docs``: the API on one page, made from its OpenAPI description; no scripts, and nothing from elsewhere."""

import html
import json
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from api.openapi import operations
from api.security import public

PATH = "/docs"

router = APIRouter(tags=["health"], dependencies=[Depends(public)], include_in_schema=False)

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "public, max-age=300",
    "X-Content-Type-Options": "nosniff",
}
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
code,pre{font:14px/1.4 ui-monospace,monospace}pre{background:#f4f4f4;padding:.6rem;overflow:auto}
summary{cursor:pointer;padding:.25rem 0}summary b{display:inline-block;width:4.5rem;color:#0b5394}
table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.2rem .5rem;text-align:left;vertical-align:top}
p.text,td{white-space:pre-line}
"""
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} API</title>
<meta name="viewport" content="width=device-width"><style>{style}</style></head><body>
<h1>{title} API</h1><p>{description}</p>
<p>The same for programs: <a href="{openapi}">{openapi}</a>. What each refusal means:
<a href="/problems">/problems</a>.</p>{sections}</body></html>"""


@router.get(PATH)
async def show_docs(request: Request) -> HTMLResponse:
    """Every route with its parameters, body, answers and refusals."""
    state = request.app.state
    if not hasattr(state, "docs_page"):
        state.docs_page = page(request.app.openapi(), request.app.openapi_url)
    return HTMLResponse(state.docs_page, headers=_HEADERS)


def page(document: dict[str, Any], address: str) -> str:
    """The whole page as HTML."""
    by_tag: dict[str, list[str]] = {}
    for path, method, operation in operations(document):
        by_tag.setdefault(operation["tags"][0], []).append(_operation(path, method, operation))
    sections = "".join(f"<h2>{_text(tag)}</h2>{''.join(entries)}" for tag, entries in by_tag.items())
    return _PAGE.format(
        title=_text(document["info"]["title"]),
        description=_text(document["info"]["description"]),
        style=_STYLE,
        openapi=_text(address),
        sections=sections,
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    parts = [
        f'<p class="text">{_text(operation.get("description", ""))}</p>',
        _parameters(operation.get("parameters", [])),
        _body(operation.get("requestBody")),
        _responses(operation["responses"]),
    ]
    head = f"<b>{method.upper()}</b> <code>{_text(path)}</code> {_text(operation['summary'])}"
    return (
        f'<details id="{_text(operation["operationId"])}"><summary>{head}</summary>{"".join(parts)}</details>'
    )


def _parameters(parameters: list[dict[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td><code>{_text(one['name'])}</code></td><td>{_text(one['in'])}"
        f"{', required' if one.get('required') else ''}</td><td>{_text(one.get('description', ''))}</td></tr>"
        for one in parameters
    )
    return f"<h4>Parameters</h4><table>{rows}</table>" if rows else ""


def _body(body: dict[str, Any] | None) -> str:
    if body is None:
        return ""
    kind, content = next(iter(body["content"].items()))
    example = content.get("example")
    shown = f"<pre>{_text(json.dumps(example, indent=2, ensure_ascii=False))}</pre>" if example else ""
    return f"<h4>Body</h4><p><code>{_text(kind)}</code> {_model(content.get('schema', {}))}</p>{shown}"


def _responses(responses: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{_text(status)}</td><td>{_text(answer['description'])}</td><td>{_models(answer)}</td></tr>"
        for status, answer in sorted(responses.items())
    )
    return f"<h4>Answers</h4><table>{rows}</table>"


def _models(answer: dict[str, Any]) -> str:
    return " ".join(_model(content.get("schema", {})) for content in answer.get("content", {}).values())


def _model(schema: dict[str, Any]) -> str:
    names = [
        one["$ref"] for one in (schema, *schema.get("anyOf", []), schema.get("items", {})) if "$ref" in one
    ]
    return ", ".join(f"<code>{_text(name.rsplit('/', 1)[-1])}</code>" for name in names)


def _text(words: object) -> str:
    return html.escape(str(words))
