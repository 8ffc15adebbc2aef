"""Errors of the models in the words of the configuration: where, what is wrong, what would be right."""

from collections.abc import Iterator

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from steadydesk.configuration.problem import (
    Path,
    Place,
    Places,
    Problem,
    Severity,
    Spot,
    did_you_mean,
    nearest_spot,
)
from steadydesk.configuration.shape import field_named, is_duration, keys_of, model_at
from steadydesk.contracts.organisation import Organisation

_DURATION = "a duration such as PT8H (8 hours), PT30M (30 minutes) or P2D (48 hours)"
_WANTED = {
    "extra_forbidden": "unknown key",
    "missing": "is missing here",
    "string_type": "text is expected",
    "int_type": "a whole number is expected",
    "int_parsing": "a whole number is expected",
    "int_from_float": "a whole number is expected",
    "float_type": "a number is expected",
    "float_parsing": "a number is expected",
    "finite_number": "a number that is not endless is expected",
    "bool_type": "true or false is expected",
    "bool_parsing": "true or false is expected",
    "dict_type": "a map of keys is expected",
    "model_type": "a map of keys is expected",
    "model_attributes_type": "a map of keys is expected",
    "list_type": "a list is expected",
    "date_type": "a date such as 2027-03-31 is expected",
    "date_parsing": "a date such as 2027-03-31 is expected",
    "date_from_datetime_parsing": "a date such as 2027-03-31 is expected",
    "date_from_datetime_inexact": "a date such as 2027-03-31 is expected, without a time",
    "time_type": "a time such as 08:30 is expected",
    "time_parsing": "a time such as 08:30 is expected",
    "time_delta_type": f"{_DURATION} is expected",
    "time_delta_parsing": f"{_DURATION} is expected",
}

_MEASURED = {
    "enum": "one of {expected} is expected",
    "literal_error": "one of {expected} is expected",
    "string_pattern_mismatch": "it must match {pattern}",
    "too_short": "at least {min_length} is expected",
    "too_long": "at most {max_length} are expected",
}


def model_problems(
    error: ValidationError, places: Places, top: Place, model: type[BaseModel] = Organisation
) -> list[Problem]:
    """One problem for each thing that ``model`` refuses, at the key or value that is to blame."""
    found: dict[tuple[Path, str], Problem] = {}
    for fault in error.errors(include_url=False, include_input=False):
        path = known_path(places, fault["loc"])
        problem = _problem(fault, path, nearest_spot(places, path, top), model)
        # The branches of a union fail each for itself; the first one tells enough.
        found.setdefault((path, problem.rule if problem.rule != "C006" else problem.message), problem)
    return sorted(found.values())


def known_path(places: Places, loc: tuple[str | int, ...]) -> Path:
    """The part of an error's location that stands in a file, without the names of union branches."""
    path: Path = ()
    for part in loc:
        if (*path, part) in places:
            path = (*path, part)
    return path


def bare_durations(data: object, places: Places, path: Path = ()) -> Iterator[Problem]:
    """Durations given as bare numbers: the models would read seconds, the author meant hours."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from bare_durations(value, places, (*path, key))
    elif isinstance(data, list):
        for position, value in enumerate(data):
            yield from bare_durations(value, places, (*path, position))
    elif isinstance(data, int | float) and not isinstance(data, bool) and is_duration(path):
        message = f"'{data}' has no unit; write {_DURATION}"
        yield Problem(places[path].value, "C008", Severity.ERROR, message)


def _problem(fault: ErrorDetails, path: Path, spot: Spot, model: type[BaseModel]) -> Problem:
    kind, loc = fault["type"], fault["loc"]
    if kind == "extra_forbidden":
        return Problem(
            spot.key, "C005", Severity.ERROR, _unknown_key(model_at(path[:-1], model), str(loc[-1]))
        )
    if kind == "missing":
        return Problem(spot.key, "C006", Severity.ERROR, _missing_key(model_at(path, model), str(loc[-1])))
    if "[key]" in loc:
        rule = "use small letters, digits and hyphens, beginning with a letter; 63 characters at most"
        if kind in ("enum", "literal_error"):
            rule = f"one of {fault.get('ctx', {})['expected']} is expected"
        return Problem(spot.key, "C007", Severity.ERROR, f"'{path[-1]}' cannot be a key; {rule}")
    return Problem(spot.value, "C007", Severity.ERROR, said_of_value(kind, path, fault))


def _unknown_key(model: type[BaseModel] | None, key: str) -> str:
    known = [] if model is None else keys_of(model)
    return f"unknown key '{key}'{did_you_mean(key, known)}"


def _missing_key(model: type[BaseModel] | None, key: str) -> str:
    field = None if model is None else field_named(model, key)
    meaning = f" ({field.description})" if field is not None and field.description else ""
    return f"'{key}' is missing here{meaning}"


def said_of_value(kind: str, path: Path, fault: ErrorDetails) -> str:
    """What is expected where ``fault`` of the ``kind`` stands, after the name of the key."""
    name = f"'{path[-1]}': " if path and isinstance(path[-1], str) else ""
    context = fault.get("ctx", {})
    if kind == "value_error":
        return f"{name}{context['error']}"
    if kind in _MEASURED:
        return f"{name}{_MEASURED[kind].format(**context)}"
    if kind in _WANTED:
        return f"{name}{_WANTED[kind]}"
    return f"{name}{str(fault['msg'])[:1].lower()}{str(fault['msg'])[1:]}"
