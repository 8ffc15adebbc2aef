"""The demo organisation as plain data that a test changes and checks again."""

import json
from copy import deepcopy
from datetime import date
from functools import cache
from typing import Any

from steadydesk.configuration.directory_file import read_directory
from steadydesk.configuration.inspection import KnownDirectory
from steadydesk.configuration.install import DEMO
from steadydesk.configuration.linter import lint
from steadydesk.configuration.loader import DIRECTORY_FILE, Loaded, interpret, load
from steadydesk.configuration.problem import Path, Place, Problem, Spot
from steadydesk.configuration.yaml_source import Source
from steadydesk.contracts.organisation import Organisation

TODAY = date(2026, 11, 23)
FILE = "organisation.json"
DELETE = object()

Step = str | int
Edits = dict[tuple[Step, ...], Any]


@cache
def demo() -> Loaded:
    return load(DEMO)


def demo_organisation() -> Organisation:
    organisation = demo().organisation
    assert organisation is not None, demo().problems
    return organisation


@cache
def demo_directory() -> KnownDirectory:
    document, problems = read_directory(DEMO / DIRECTORY_FILE)
    assert document is not None, problems
    return KnownDirectory.of(document.people, document.groups)


@cache
def _original() -> dict[str, Any]:
    return json.loads(demo_organisation().model_dump_json(by_alias=True, exclude_unset=True))


def demo_data() -> dict[str, Any]:
    return deepcopy(_original())


def edited(edits: Edits) -> dict[str, Any]:
    """The demo with values at paths replaced, added or, by DELETE, taken away."""
    data = demo_data()
    for path, value in edits.items():
        *parents, last = path
        holder: Any = data
        for part in parents:
            holder = holder.setdefault(part, {}) if isinstance(holder, dict) else holder[part]
        if value is DELETE:
            del holder[last]
        else:
            holder[last] = value
    return data


def problems_of(data: dict[str, Any], directory: KnownDirectory | None = None) -> list[Problem]:
    """Every problem of the data, laid out as one file."""
    return lint(as_loaded(read_json(data)), TODAY, directory or demo_directory())


def read_json(data: dict[str, Any]) -> Source:
    """As one file of JSON with a value a line would be read, without the time that takes."""
    places: dict[Path, Spot] = {}
    _lay_out(data, (), places, 1)
    return Source(FILE, data, places)


def _lay_out(value: object, path: Path, places: dict[Path, Spot], line: int) -> int:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in parts:
        line += 1
        places[(*path, key)] = Spot(Place(FILE, line, 1), Place(FILE, line, 9))
        line = _lay_out(inner, (*path, key), places, line)
    return line


def as_loaded(source: Source) -> Loaded:
    top = Place(FILE, 1, 1)
    if not isinstance(source.data, dict):
        return Loaded(None, source.places, source.problems, top)
    return interpret(source.data, source.places, source.problems, top)
