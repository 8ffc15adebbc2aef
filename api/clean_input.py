"""Values that JSON can spell and a database cannot keep: refused before anything else looks at the body."""

import math
from collections.abc import Iterator
from typing import Any

from fastapi import Request

from api.media_type import is_json
from api.problems import pointer_of
from steadydesk.errors import InvalidInput, Problem

_DEEPEST = 32
_LARGEST = 2**63
MOST_NAMED = 20

Place = tuple[str | int, ...]


async def refuse_unstorable(request: Request) -> None:
    """InvalidInput naming each value that is no text or number to be stored; for every route of the app."""
    found = [Problem(f"/{name}", problem, "query") for name, problem in _in_query(request)]
    if is_json(request):
        found += [Problem(pointer_of(place), problem) for place, problem in faults(await _body(request))]
    if found:
        raise InvalidInput("the request holds what cannot be stored", problems=found[:MOST_NAMED])


async def _body(request: Request) -> Any:
    """The parsed body, which the route gets from the same place; None where it is no JSON, as the route will say."""
    try:
        return await request.json() if await request.body() else None
    except ValueError:
        return None


def _in_query(request: Request) -> Iterator[tuple[str, str]]:
    for name, value in request.query_params.multi_items():
        if (problem := _text_fault(value) or _text_fault(name)) is not None:
            yield shown(name), problem


def faults(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Where, as steps of a JSON pointer, and what: NUL and lone surrogates, numbers without end, depth."""
    if len(place) > _DEEPEST:
        yield place, f"is nested deeper than {_DEEPEST} levels"
    elif isinstance(value, str):
        if (problem := _text_fault(value)) is not None:
            yield place, problem
    elif isinstance(value, dict):
        yield from _in_object(value, place)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from faults(entry, (*place, index))
    elif (problem := _number_fault(value)) is not None:
        yield place, problem


def _in_object(value: dict[str, Any], place: Place) -> Iterator[tuple[Place, str]]:
    for name, entry in value.items():
        if (problem := _text_fault(name)) is not None:
            yield (*place, shown(name)), f"the name {problem}"
        yield from faults(entry, (*place, shown(name)))


def _text_fault(text: str) -> str | None:
    if "\0" in text:
        return "has a NUL character"
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        return "has half of a surrogate pair"
    return None


def _number_fault(value: object) -> str | None:
    if isinstance(value, float) and not math.isfinite(value):
        return "is no finite number"
    if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
        return "is larger than 64 bits"
    return None


def shown(name: str) -> str:
    """The name as an answer can carry it."""
    return name.encode(errors="replace").decode().replace("\0", "?")
