"""Buttons that were pressed in vain, since the session of their page was over: where they stand, and that nothing was
done. None of them is pressed again by itself.
"""

from collections.abc import Sequence
from re import Pattern
from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path

from api.portal.refused import came_from

NOT_DONE = "not_done"
"""In the address of a page: it says that what was pressed here was not done."""

_NOTES = frozenset({"done", NOT_DONE})


def page_of_form(request: Request) -> str:
    """The page that holds the form of this POST: the one that it came from, else the one above where it was sent."""
    came, sent = came_from(request), request.url.path
    path, _, query = (came or sent).partition("?")
    found = _page_at(request, path)
    return f"{path}?{query}" if query and found == path else found


def with_note(page: str) -> str:
    """The page with the words that nothing was done, and without those of what was done before."""
    path, _, query = page.partition("?")
    given = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in _NOTES]
    return f"{path}?{urlencode([*given, (NOT_DONE, 'true')])}"


def has_note(page: str) -> bool:
    return any(name == NOT_DONE for name, _ in parse_qsl(page.partition("?")[2]))


def _page_at(request: Request, path: str) -> str:
    """The path where it has a page; a failed form may stand at an address that takes nothing but forms."""
    while path != "/" and "GET" not in _methods_at(request, path):
        path = path.rpartition("/")[0] or "/"
    return path


def _methods_at(request: Request, path: str) -> frozenset[str]:
    """Of the route that names most of the path."""
    return next((methods for pattern, methods in _methods(request) if pattern.fullmatch(path)), frozenset())


def _methods(request: Request) -> Sequence[tuple[Pattern[str], frozenset[str]]]:
    """Of all routes, those first that name most of their path."""
    state = request.app.state
    if not hasattr(state, "methods_of_paths"):
        found: dict[str, frozenset[str]] = {}
        for route in iter_route_contexts(request.app.routes):
            if route.path and route.methods:
                found[route.path] = found.get(route.path, frozenset()) | route.methods
        closest_first = sorted(found, key=lambda template: template.count("{"))
        state.methods_of_paths = [(compile_path(template)[0], found[template]) for template in closest_first]
    return state.methods_of_paths
