"""Every form comes from a page of ours, in the session that it was shown in; nothing is decided by GET."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from api.clean_input import faults
from api.portal.session import VISIT, visit_of
from api.security import services_of
from api.session_cookie import session_in
from steadydesk.errors import InvalidInput, NotAllowed, Problem

TOKEN_FIELD = "form_token"  # noqa: S105 - the field's name
_READS = frozenset({"GET", "HEAD"})
_FOREIGN = "This form was not sent from a page of this portal, or its session has ended. Open the page again."


async def guard(request: Request) -> AsyncIterator[None]:
    """NotAllowed for a form from elsewhere, or without the token of its session. Closes the files of the form."""
    if request.method in _READS:
        yield
        return
    if not _is_ours(request):
        raise NotAllowed(_FOREIGN)
    async with request.form() as form:
        _check(request, form)
        yield


def _check(request: Request, form: FormData) -> None:
    visit = visit_of(request)
    visit.secret = visit.secret or session_in(request.headers) or request.cookies.get(VISIT)
    token = form.get(TOKEN_FIELD)
    if not visit.accepts(token if isinstance(token, str) else None):
        raise NotAllowed(_FOREIGN)
    _refuse_unstorable(form)


def pages() -> APIRouter:
    """A router of pages: not in the API's description, its forms guarded."""
    return APIRouter(
        include_in_schema=False, dependencies=[Depends(guard)], default_response_class=HTMLResponse
    )


def own_path(typed: str | None) -> str:
    """``typed`` where it is a path on this host, else the home page."""
    if not typed or not typed.startswith("/") or typed.startswith(("//", "/\\")):
        return "/"
    parts = urlsplit(typed)
    if parts.scheme or parts.netloc or any(ord(letter) < 0x21 or letter == "\\" for letter in typed):
        return "/"
    return typed


def _is_ours(request: Request) -> bool:
    """By ``Origin``, or by ``Referer`` where a browser sends none: the host that was asked, or our public one."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    stated = request.headers.get("origin") or request.headers.get("referer")
    if not stated:
        return False
    parts = urlsplit(stated)
    public = urlsplit(services_of(request.app).settings.public_url)
    return parts.scheme in ("http", "https") and parts.netloc in (request.headers.get("host"), public.netloc)


def _refuse_unstorable(form: FormData) -> None:
    found = [
        Problem(f"/{name}", problem)
        for name, value in form.multi_items()
        for _, problem in faults({name: value} if isinstance(value, str) else name)
    ]
    if found:
        raise InvalidInput("The form holds what cannot be stored.", problems=found)
