"""What is wrong in a directory file, with its line, its column or field, and what would be right."""

from collections.abc import Callable, Sequence
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from steadydesk.errors import InvalidInput, Problem

Location = tuple[int | str, ...]

_LONGEST_SHOWN = 60
_USER_NAME = "is no user name: letters, digits and . _ @ + -, beginning and ending with a letter or digit"
_KEY = "is no key: small letters, digits and hyphens, beginning with a letter, 63 characters at most"
_FORMS: Final = {
    "user_name": _USER_NAME,
    "manager": _USER_NAME,
    "same_person_as": _USER_NAME,
    "email": "is no e-mail address such as ada@example.org",
    "language": "is no language such as en or de-AT",
    "key": _KEY,
    "function": _KEY,
    "groups": _KEY,
}
_MISSING: Final = {"missing": "is missing or empty", "extra_forbidden": "is not known here"}


def faults_of(error: ValidationError, source: str, line_of: Callable[[Location], int]) -> InvalidInput:
    """The refusal of the file ``source``: each problem begins with ``source:line:`` and its column or field."""
    problems = [_problem(source, line_of(fault["loc"]), fault) for fault in error.errors()]
    count = "1 fault" if len(problems) == 1 else f"{len(problems)} faults"
    return InvalidInput(f"{source} has {count}.", problems=problems)


def fault(source: str, line: int, message: str) -> InvalidInput:
    """One fault of the file as a whole."""
    return InvalidInput(f"{source}:{line}: {message}", problems=[Problem("", f"{source}:{line}: {message}")])


def _problem(source: str, line: int, found: ErrorDetails) -> Problem:
    location = found["loc"]
    pointer = "".join(f"/{step}" for step in location)
    name = _name_in(location)
    where = f"{source}:{line}: " + (f"{name}: " if name else "")
    return Problem(pointer, where + _words(found, name))


def _name_in(location: Sequence[int | str]) -> str | None:
    """The column or field: the innermost name, except of the lists of people and groups themselves."""
    if len(location) < 3:
        return str(location[0]) if len(location) == 1 else None
    return str(location[2])


def _words(found: ErrorDetails, name: str | None) -> str:
    kind, given = found["type"], found["input"]
    if kind in _MISSING:
        return _MISSING[kind]
    shown = f"'{str(given)[:_LONGEST_SHOWN]}'"
    if kind == "string_pattern_mismatch" and name in _FORMS:
        return f"{shown} {_FORMS[name]}"
    if kind in ("bool_parsing", "bool_type"):
        return f"{shown} is neither true nor false"
    return found["msg"].removeprefix("Value error, ")
