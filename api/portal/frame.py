"""What surrounds every page: headers, cookies, and refusals as pages where a browser asks for one."""

import json
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.cookieless import FILES
from api.metrics import PREFIX
from api.portal.guard import own_path
from api.portal.pressed import page_of_form, with_note
from api.portal.refused import refused_page
from api.portal.session import Visit, present_caller, visit_of
from api.portal.sign_in_page import SIGN_IN, SIGN_OUT, sign_in_page
from api.portal.typed_form import kept
from api.problems import MEDIA_TYPE
from api.security import services_of
from steadydesk.errors import NotSignedIn, StaleForm

_ELSEWHERE = (
    f"{PREFIX}/",
    FILES,
    "/docs",
    "/problems",
    "/metrics",
    "/livez",
    "/readyz",
)
_READS = frozenset({"GET", "HEAD"})


class Frame:
    """ASGI middleware around the addresses of the portal."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_ELSEWHERE):
            await self._app(scope, receive, send)
            return
        answer = _Answer(Request(scope, receive), send)
        await self._app(scope, receive, answer.take)
        await answer.end(scope, receive)


class _Answer:
    """Passes an answer on with the headers of a page; keeps a refusal back, to show it as a page."""

    def __init__(self, request: Request, send: Send) -> None:
        self._request = request
        self._visit = visit_of(request)
        self._send = send
        self._refusal: bytearray | None = None
        self._headers: list[tuple[bytes, bytes]] = []

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            if headers.get("content-type", "") == MEDIA_TYPE and _wants_page(self._request):
                self._refusal, self._headers = bytearray(), message["headers"]
                return
            _complete(headers, self._visit)
        elif self._refusal is not None:
            self._refusal += message.get("body", b"")
            return
        await self._send(message)

    async def end(self, scope: Scope, receive: Receive) -> None:
        if self._refusal is None:
            return
        problem: dict[str, Any] = json.loads(bytes(self._refusal))
        response = await _page_of(self._request, problem)
        given = Headers(raw=self._headers)
        for name in ("retry-after", "allow"):
            if name in given:
                response.headers[name] = given[name]
        _complete(response.headers, self._visit)
        await response(scope, receive, self._send)


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


async def _page_of(request: Request, problem: dict[str, Any]) -> Response:
    if problem["type"].endswith(f"/{StaleForm.slug()}"):
        caller = await present_caller(request)
        if caller is None:
            return _to_sign_in(request)
        if visit_of(request).sender == caller.person.id:
            return RedirectResponse(with_note(page_of_form(request)), 303)
    if problem["status"] == NotSignedIn.status and request.url.path != SIGN_IN:
        return _to_sign_in(request)
    return HTMLResponse(await refused_page(request, problem), problem["status"])


def _to_sign_in(request: Request) -> Response:
    """At once where somebody filled in a form, so that it can be kept. Who pressed a button comes back to it."""
    if request.url.path == SIGN_OUT:
        return RedirectResponse(SIGN_IN, 303)
    wanted = _wanted(request)
    services = services_of(request.app)
    held = kept(services.keyring, visit_of(request).typed, services.clock())
    if held is not None:
        return sign_in_page(request, wanted, status=NotSignedIn.status, kept=held)
    if request.method not in _READS:
        wanted = with_note(wanted)
    return RedirectResponse(f"{SIGN_IN}?next={quote(wanted, safe='')}", 303)


def _wanted(request: Request) -> str:
    """Where to go after sign-in: the page that was asked for, or the one that held the form."""
    if request.method in _READS:
        query = f"?{request.url.query}" if request.url.query else ""
        return own_path(request.url.path + query)
    return page_of_form(request)


def _complete(headers: MutableHeaders, visit: Visit) -> None:
    headers.setdefault("Content-Security-Policy", _policy(visit.nonce))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cache-Control", "private, no-cache" if visit.is_left_typed else "no-store")
    for cookie in visit.cookies:
        headers.append("Set-Cookie", cookie)


def _policy(nonce: str) -> str:
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
