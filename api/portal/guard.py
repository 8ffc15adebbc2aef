"""Every form comes from a page of ours, in the session that it was shown in; nothing is decided by GET."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from api.clean_input import faults
from api.portal.session import VISIT, visit_of
from api.portal.typed_form import SENDER_FIELD, SHOWN_FIELD, is_shown_again, typed_in
from api.security import services_of
from api.session_cookie import session_in
from steadydesk.errors import InvalidInput, NotAllowed, Problem, StaleForm

TOKEN_FIELD = "form_token"  # noqa: S105 - the field's name
_READS = frozenset({"GET", "HEAD"})
BEFORE_SIGN_IN = "/sign-in"
_FOREIGN = "This form was not sent from a page of this portal. Open the page again."
_STALE = "The page was of another session than your present one. Nothing was carried out; open it again."


async def guard(request: Request) -> AsyncIterator[None]:
    """NotAllowed for a form from elsewhere; StaleForm for one without the token of the present session, unless its
    route only shows it again. Closes the files of the form.
    """
    if request.method in _READS:
        yield
        return
    if not _is_ours(request):
        raise NotAllowed(_FOREIGN)
    async with request.form() as form:
        _check(request, form)
        yield


def _check(request: Request, form: FormData) -> None:
    visit, again = visit_of(request), is_shown_again(request)
    stated = form.get(SENDER_FIELD)
    visit.sender = stated if isinstance(stated, str) else None
    if again:
        visit.typed = typed_in(request, form)
    visit.unsent = again and SHOWN_FIELD in form
    if not _has_token(request, form):
        if not again:
            raise StaleForm(_STALE)
        visit.unsent = True
    _refuse_unstorable(form)


def _has_token(request: Request, form: FormData) -> bool:
    """Before sign-in a browser may have the id of a session that is over; the form is of the visit then."""
    visit, stated = visit_of(request), form.get(TOKEN_FIELD)
    known = [session_in(request.headers)]
    if request.url.path.startswith(BEFORE_SIGN_IN):
        known.append(request.cookies.get(VISIT))
    for secret in known:
        visit.secret = secret
        if visit.accepts(stated if isinstance(stated, str) else None):
            return True
    return False


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
    """By ``Origin``, or by ``Referer`` where a browser sends none."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    return is_of_ours(request, request.headers.get("origin") or request.headers.get("referer") or "")


def is_of_ours(request: Request, stated: str) -> bool:
    """Whether an address is of the host that was asked, or of our public one."""
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
