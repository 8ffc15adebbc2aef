"""A refusal as a page: what was refused, why, and where to go on; the same for hidden and for missing."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from fastapi import Request

from api.portal.formats import Formats
from api.portal.guard import is_of_ours, own_path
from api.portal.navigation import Way, ways_of
from api.portal.page import built, render, words_before_sign_in
from api.portal.session import present_caller, visit_of
from api.portal.words import words_in
from api.problems import PREFIX
from api.requests_read import viewer_of
from api.security import services_of
from steadydesk.records.faults import refusal_of
from steadydesk.records.views.shell import Shell, shell_of

_OWN_WORDS = frozenset({401, 403, 404, 405, 413, 422, 429, 500, 503})
_UNTOLD = frozenset({401, 404, 500})
"""Why is not said: it is always the same, or nobody's to know."""


@dataclass(frozen=True)
class _Back:
    """The way back: the page it came from, a record, or the list of a ``way``."""

    path: str
    way: str | None = None


async def refused_page(request: Request, problem: dict[str, Any]) -> str:
    """``problem`` is the RFC 9457 document that the API would answer."""
    around = await _around(request, problem["status"])
    caller = visit_of(request).caller
    person = caller.person if caller else None
    words = words_in(person.language) if person else words_before_sign_in(request)
    formats = Formats(words, ZoneInfo(person.zone if person else "UTC"), services_of(request.app).clock())
    ways = list(ways_of(caller, built(request), around)) if caller else []
    context = {
        "reader": caller,
        "unread": around.unread,
        "ways": ways,
        "problem": problem,
        "type": _type_of(problem),
        "why": "" if problem["status"] in _UNTOLD else problem["detail"],
        "faults": getattr(request.state, "problems", ()),
        "kind": str(problem["status"]) if problem["status"] in _OWN_WORDS else "other",
        "back": _way_back(request, problem["status"], ways),
    }
    return render(request, "errors/refused", words, formats, context)


def came_from(request: Request) -> str | None:
    """The page of ours that led here, by what the browser says; None for another's, or for this one."""
    stated = request.headers.get("referer", "")
    parts = urlsplit(stated)
    path = own_path(f"{parts.path}?{parts.query}" if parts.query else parts.path)
    is_here = path == request.url.path and request.method == "GET"
    return path if is_of_ours(request, stated) and not is_here else None


async def _around(request: Request, status: int) -> Shell:
    """What stands around it, where somebody is signed in; while something is broken here nothing more is asked."""
    if status >= 500:
        return Shell()
    try:
        caller = await present_caller(request)
        if caller is None:
            return Shell()
        async with services_of(request.app).engine.connect() as connection:
            return await shell_of(connection, viewer_of(caller))
    except Exception as error:
        if refusal_of(error) is None:
            raise
        return Shell()


def _way_back(request: Request, status: int, ways: list[Way]) -> _Back | None:
    path = request.url.path
    if came := came_from(request):
        return _Back(came)
    first, *more = path.strip("/").split("/")
    if first == "records" and len(more) > 1 and status != 404:
        return _Back(f"/records/{more[0]}")
    root = {"records": "/requests", "basket": "/catalog"}.get(first, f"/{first}")
    is_here = root == path and not request.url.query
    way = next((one for one in ways if one.path == root != "/" and not is_here), None)
    return _Back(way.path, way.key) if way else None


def _type_of(problem: dict[str, Any]) -> str:
    """The name of the refusal, as the word files have it."""
    slug = str(problem["type"]).removeprefix(PREFIX)
    return "".join(part.capitalize() for part in slug.split("-"))
