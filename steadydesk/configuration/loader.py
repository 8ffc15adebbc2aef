"""Reads a folder of YAML files into one organisation; every problem has its file, line and column."""

import re
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from steadydesk.configuration.explain import bare_durations, model_problems
from steadydesk.configuration.problem import Path, Place, Places, Problem, Severity, Spot
from steadydesk.configuration.readable import readable
from steadydesk.configuration.yaml_source import Source, read_file
from steadydesk.contracts.organisation import Organisation

DIRECTORY_FILE = "directory.yaml"
"""Holds people and groups, which are no configuration: it may stand beside it and is not read with it."""

MISNAMED = "a file and its folders are called by letters, digits, blanks and . + - _, to begin with a letter"

MOST_FILES = 500
_FILE_NAME = re.compile(r"(\w[\w .+-]{0,59}/){0,9}\w[\w .+-]{0,54}\.ya?ml")


@dataclass(frozen=True, slots=True)
class Loaded:
    """``organisation`` is None as long as there is any error: a configuration is never taken in part.

    ``readable`` is what rules look at then, ``unread`` the paths of what is not in it.
    """

    organisation: Organisation | None
    places: Places
    problems: list[Problem]
    top: Place
    """Where a problem stands that no line is to blame for: the start of the folder."""
    readable: Organisation | None = None
    unread: frozenset[Path] = frozenset()


def files_of(directory: FilePath) -> tuple[list[FilePath], list[Problem]]:
    """The ``*.yaml`` and ``*.yml`` files of the folder and the folders below it, hidden ones and the directory left
    out.
    """
    return _files(directory, Place(str(directory), 1, 1))


def may_be_sent(name: str) -> bool:
    """Whether a file may be called so below a folder: nothing hidden, nothing that leaves it, nothing too long."""
    return _FILE_NAME.fullmatch(name) is not None


def load(directory: FilePath) -> Loaded:
    """Everything in the files of the folder."""
    top = Place(str(directory), 1, 1)
    files, problems = files_of(directory)
    sources = [read_file(file) for file in files]
    problems.extend(problem for source in sources for problem in source.problems)
    data, places, clashes, unread = _merged(sources)
    problems.extend(clashes)
    if not any(isinstance(source.data, dict) for source in sources) and problems:
        return Loaded(None, places, sorted(set(problems)), top)
    return interpret(data, places, problems, top, unread)


def interpret(
    data: dict[str, Any],
    places: Places,
    problems: list[Problem],
    top: Place,
    unread: frozenset[Path] = frozenset(),
) -> Loaded:
    """The organisation that the merged ``data`` describes, unless something speaks against it; ``unread`` are the
    paths of what stands in the files and not in ``data``, ``()`` for that of a whole file.
    """
    found = [*problems, *bare_durations(data, places)]
    organisation = None
    try:
        organisation = Organisation.model_validate(data)
    except ValidationError as error:
        told = model_problems(error, places, top)
        # What an unread file may hold is not missing.
        found.extend(problem for problem in told if () not in unread or problem.place != top)
    if not found:
        return Loaded(organisation, places, [], top, organisation)
    return Loaded(None, places, sorted(set(found)), top, *readable(data, unread))


def _files(directory: FilePath, top: Place) -> tuple[list[FilePath], list[Problem]]:
    if not directory.is_dir():
        return [], [Problem(top, "C001", Severity.ERROR, "there is no such folder")]
    files = sorted(
        file
        for file in directory.rglob("*.y*ml")
        if file.suffix in (".yaml", ".yml")
        and not file.is_fifo()
        and file != directory / DIRECTORY_FILE
        and not _is_hidden(file, directory)
    )
    if not files:
        return [], [Problem(top, "C001", Severity.ERROR, "there is no YAML file in this folder")]
    if len(files) > MOST_FILES:
        message = f"there are more than {MOST_FILES} YAML files in this folder"
        return [], [Problem(top, "C001", Severity.ERROR, message)]
    return files, []


def _is_hidden(file: FilePath, directory: FilePath) -> bool:
    return any(part.startswith(".") for part in file.relative_to(directory).parts)


def _merged(
    sources: list[Source],
) -> tuple[dict[str, Any], dict[Path, Spot], list[Problem], frozenset[Path]]:
    """Sections of the same name become one; a key that two files define is a problem with both places. The paths of
    what is not among the data come last.
    """
    data: dict[str, Any] = {}
    places: dict[Path, Spot] = {}
    problems: list[Problem] = []
    unread: set[Path] = set()
    for source in sources:
        unread |= source.twice
        if isinstance(source.data, dict):
            refused = _add(data, places, source)
            problems.extend(problem for _, problem in refused)
            unread.update(path for path, _ in refused)
        elif source.data is not None:
            message = "a file holds sections such as 'catalog:' with their entries"
            problems.append(Problem(Place(source.file, 1, 1), "C007", Severity.ERROR, message))
        if not isinstance(source.data, dict) and (source.problems or source.data is not None):
            unread.add(())
    return data, places, problems, frozenset(unread)


def _add(data: dict[str, Any], places: dict[Path, Spot], source: Source) -> list[tuple[Path, Problem]]:
    refused: list[Path] = []
    for section, content in source.data.items():
        if section not in data or not isinstance(content, dict) or not isinstance(data[section], dict):
            if section in data:
                refused.append((section,))
                continue
            data[section] = dict(content) if isinstance(content, dict) else content
            continue
        refused += [(section, key) for key in content if key in data[section]]
        data[section] |= {key: entry for key, entry in content.items() if key not in data[section]}
    problems = [(path, _twice(path, places, source.places)) for path in refused]
    # What is defined for the second time is not read: its places would be told for what the first one says.
    ours = {path: spot for path, spot in source.places.items() if not {path[:1], path[:2]} & set(refused)}
    places.update({path: spot for path, spot in ours.items() if path not in places})
    return problems


def _twice(path: Path, places: Places, later: Places) -> Problem:
    message = f"'{path[-1]}' is defined twice; the first time at {places[path].key}"
    return Problem(later[path].key, "C003", Severity.ERROR, message)
