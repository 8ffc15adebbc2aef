"""One YAML file as plain data with the place of every key: a strict subset, so that no file can surprise."""

import math
import re
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
)
from ruamel.yaml.reader import ReaderError

from steadydesk.configuration.problem import Path, Place, Problem, Severity, Spot

LARGEST_FILE = 1_000_000
"""Characters; a configuration is split over files long before."""
_LARGEST_FILE_BYTES = 4_000_000
DEEPEST_NESTING = 40
MOST_NODES = 50_000

_NULL = re.compile(r"null|Null|NULL|~|")
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
"""What no database keeps; only an escape such as ``\\0`` brings it past the parser."""
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


@dataclass(slots=True)
class Source:
    """``data`` is None for an empty file or one that cannot be read; ``problems`` then say why."""

    file: str = ""
    data: Any = None
    places: dict[Path, Spot] = field(default_factory=dict[Path, Spot])
    problems: list[Problem] = field(default_factory=list[Problem])
    twice: set[Path] = field(default_factory=set[Path])
    """Paths of the keys that are given again; the first value is the one in ``data``."""


class _RefusedError(Exception):
    def __init__(self, rule: str, message: str, place: Place) -> None:
        super().__init__(message)
        self.problem = Problem(place, rule, Severity.ERROR, message)


@dataclass(slots=True)
class _Open:
    """A map or list that is being read; ``key`` is the map's key that waits for its value."""

    holder: dict[str, Any] | list[Any]
    path: Path
    key: str | None = None
    key_place: Place | None = None
    known: dict[str, Place] = field(default_factory=dict[str, Place])


def read_yaml(text: str, file: str) -> Source:
    """The content of ``text``, called ``file`` in places; never raises for anything that a file can hold."""
    reader = _Reader(file)
    if len(text) > LARGEST_FILE:
        reason = f"the file is larger than {LARGEST_FILE:,} characters"
        return _unreadable(reader.place(), reason)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            reader.take(event)
    except _RefusedError as refused:
        reader.source.problems.append(refused.problem)
    except ReaderError as error:
        reader.source.problems.append(_unprintable(text, error, file))
    except (YAMLError, ValueError, RecursionError) as error:
        reader.source.problems.append(_not_yaml(error, reader.place()))
    if any(problem.rule != "C003" for problem in reader.source.problems):
        reader.source.data = None
    return reader.source


def read_file(file: FilePath) -> Source:
    """The content of a file; never raises, whatever stands there."""
    here = Place(str(file), 1, 1)
    try:
        if file.stat().st_size > _LARGEST_FILE_BYTES:
            return _unreadable(here, f"the file is larger than {_LARGEST_FILE_BYTES:,} bytes")
        content = file.read_bytes()
    except OSError as error:
        return _unreadable(here, f"the file cannot be read: {error.strerror}")
    try:
        return read_yaml(content.decode("utf-8-sig"), str(file))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        return _unreadable(Place(str(file), line, column), "the file is not UTF-8 text from here on")


def _unreadable(place: Place, reason: str) -> Source:
    return Source(place.file, problems=[Problem(place, "C001", Severity.ERROR, reason)])


def _unprintable(text: str, error: ReaderError, file: str) -> Problem:
    before = text[: error.position]
    place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
    character = f"U+{ord(text[error.position]):04X}" if error.position < len(text) else "one"
    message = f"the file is not YAML: the character {character} must not stand in it"
    return Problem(place, "C002", Severity.ERROR, message)


def _not_yaml(error: Exception, start: Place) -> Problem:
    place, reason = start, "its characters or nesting are not those of YAML"
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        place = Place(start.file, error.problem_mark.line + 1, error.problem_mark.column + 1)
        reason = str(error.problem or error.context)
        if "\\t" in reason:
            reason = "a tab stands here; YAML is indented with spaces"
    return Problem(place, "C002", Severity.ERROR, f"the file is not YAML: {reason}")


class _Reader:
    """Builds the data event by event, without recursion: nesting costs no stack."""

    def __init__(self, file: str) -> None:
        self.source = Source(file)
        self._file = file
        self._open: list[_Open] = []
        self._nodes = 0
        self._documents = 0

    def place(self, mark: StringMark | None = None) -> Place:
        return Place(self._file, 1, 1) if mark is None else Place(self._file, mark.line + 1, mark.column + 1)

    def take(self, event: Event) -> None:
        here = self.place(event.start_mark)
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _RefusedError("C004", "a file holds one document; begin another file", here)
        elif isinstance(event, AliasEvent):
            raise _RefusedError("C004", "anchors and aliases are not read; write the value out", here)
        elif isinstance(event, CollectionEndEvent):
            self._open.pop()
        elif isinstance(event, (CollectionStartEvent, ScalarEvent)):
            self._node(event, here)

    def _node(self, event: CollectionStartEvent | ScalarEvent, here: Place) -> None:
        self._check(event, here)
        above = self._open[-1] if self._open else None
        if above is not None and isinstance(above.holder, dict) and above.key is None:
            self._take_key(above, event, here)
            return
        value = _scalar(event) if isinstance(event, ScalarEvent) else _holder(event)
        if value is None and above is not None and above.key_place is not None and _is_left_out(event):
            # The parser says where the next thing begins.
            here = above.key_place
        path = self._put(above, value, here)
        if isinstance(value, (dict, list)):
            self._open.append(_Open(value, path))

    def _check(self, event: CollectionStartEvent | ScalarEvent, here: Place) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES or len(self._open) > DEEPEST_NESTING:
            limit = f"{MOST_NODES:,} values, nested {DEEPEST_NESTING} levels deep"
            raise _RefusedError("C004", f"a file holds at most {limit}", here)
        if event.tag is not None and not _is_plain_tag(event):
            raise _RefusedError("C004", f"the tag '{event.tag}' is not read; write the value plainly", here)
        if isinstance(event, ScalarEvent) and (found := _NO_TEXT.search(event.value)):
            message = f"the character U+{ord(found[0]):04X} must not stand in a text"
            raise _RefusedError("C004", message, here)
        if event.anchor is not None:
            raise _RefusedError("C004", "anchors and aliases are not read; write the value out", here)

    def _take_key(self, above: _Open, event: CollectionStartEvent | ScalarEvent, here: Place) -> None:
        if not isinstance(event, ScalarEvent):
            raise _RefusedError("C004", "a key must be a plain word", here)
        if event.value == "<<":
            raise _RefusedError("C004", "merge keys are not read; write the values out", here)
        above.key, above.key_place = event.value, here
        if event.value in above.known:
            first = above.known[event.value]
            message = f"'{event.value}' is given twice; the first time at {first}"
            self.source.problems.append(Problem(here, "C003", Severity.ERROR, message))
            self.source.twice.add((*above.path, event.value))
        above.known.setdefault(event.value, here)

    def _put(self, above: _Open | None, value: object, here: Place) -> Path:
        if above is None:
            self.source.data = value
            return ()
        if isinstance(above.holder, list):
            path: Path = (*above.path, len(above.holder))
            above.holder.append(value)
            self.source.places[path] = Spot(here, here)
            return path
        key = str(above.key)
        path = (*above.path, key)
        if key not in above.holder:
            above.holder[key] = value
            self.source.places[path] = Spot(above.key_place or here, here)
        above.key = None
        return path


def _is_left_out(event: CollectionStartEvent | ScalarEvent) -> bool:
    return isinstance(event, ScalarEvent) and not event.value


def _is_plain_tag(event: CollectionStartEvent | ScalarEvent) -> bool:
    return str(event.tag) in ("!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


def _holder(event: CollectionStartEvent) -> dict[str, Any] | list[Any]:
    return {} if isinstance(event, MappingStartEvent) else []


def _scalar(event: ScalarEvent) -> object:
    """The value by the core schema of YAML 1.2; dates and times stay text, which the models read."""
    text = event.value
    if event.style is not None or event.tag is not None:
        return text
    if _NULL.fullmatch(text):
        return None
    if _BOOLEAN.fullmatch(text):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) < 20 else text
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text
