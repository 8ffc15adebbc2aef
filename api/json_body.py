"""A JSON body as it was sent. A key that stands twice is refused: readers differ in which of the two they take
(RFC 8259 section 4), so what somebody confirmed might not be what is done.
"""

import json
from collections.abc import Iterator
from typing import Any

from fastapi.exceptions import RequestValidationError


def parsed(body: bytes) -> Any:
    """The value. RequestValidationError with the place where it cannot be taken; JSONDecodeError where it is no JSON,
    which FastAPI answers with the character.
    """
    try:
        return json.loads(body, object_pairs_hook=_once)
    except json.JSONDecodeError:
        raise
    except UnicodeDecodeError as error:
        raise _no_json(f"byte {error.start} is not {error.encoding}") from None
    except RecursionError:
        raise _no_json("it is nested too deeply") from None
    except _DoubledKeyError:
        raise RequestValidationError(list(_doubled(json.loads(body, object_pairs_hook=_Pairs)))) from None
    except ValueError:
        raise _no_json("a number has too many digits") from None


class _DoubledKeyError(Exception):
    """Some object has a key twice."""


class _Pairs(list[tuple[str, Any]]):
    """An object as it was written, to be told from a list."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _DoubledKeyError
    return found


def _doubled(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[dict[str, Any]]:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, inner in value:
            if key in seen:
                yield _fault("json_key_twice", (*path, key), "this key stands more than once in its object")
            seen.add(key)
            yield from _doubled(inner, (*path, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _doubled(inner, (*path, position))


def _no_json(reason: str) -> RequestValidationError:
    return RequestValidationError([_fault("json_invalid", (), "JSON decode error", {"error": reason})])


def _fault(
    kind: str, path: tuple[str | int, ...], message: str, context: dict[str, str] | None = None
) -> dict[str, Any]:
    return {
        "type": kind,
        "loc": ("body", *path),
        "msg": message,
        "input": None,
        **({"ctx": context} if context else {}),
    }
