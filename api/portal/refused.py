"""A refusal as a page: what was refused, why, and where to go on; the same for hidden and for missing."""

from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request

from api.portal.formats import Formats
from api.portal.navigation import ways_of
from api.portal.page import built, render
from api.portal.session import visit_of
from api.portal.words import preferred, words_in
from api.security import services_of

_OWN_WORDS = frozenset({401, 403, 404, 405, 413, 429, 500, 503})


def refused_page(request: Request, problem: dict[str, Any]) -> str:
    """``problem`` is the RFC 9457 document that the API would answer."""
    caller = visit_of(request).caller
    person = visit_of(request).person
    tag = person.language if person else preferred(request.headers.get("accept-language", ""))
    words = words_in(tag)
    now = services_of(request.app).clock()
    context = {
        "reader": caller,
        "ways": list(ways_of(caller, built(request))) if caller else [],
        "problem": problem,
        "kind": str(problem["status"]) if problem["status"] in _OWN_WORDS else "other",
    }
    formats = Formats(words, ZoneInfo(person.zone if person else "UTC"), now)
    return render(request, "errors/refused", words, formats, context)
