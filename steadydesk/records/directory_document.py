"""A directory file, YAML or CSV, as a document; every fault is told with its line."""

import csv
import io
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from steadydesk.contracts.directory_document import DirectoryDocument, GroupEntry, PersonEntry
from steadydesk.errors import InvalidInput
from steadydesk.records.directory_fault import Location, fault, faults_of

_LISTS = ("groups", "roles")
_TRUE = {"true", "yes", "1"}
_FALSE = {"false", "no", "0"}
_WORDS = {"service_account": _TRUE | _FALSE, "active": _TRUE | _FALSE}
_EMPTIED: dict[str, list[str] | None] = {
    "email": None,
    "manager": None,
    "same_person_as": None,
    "function": None,
    "groups": [],
    "roles": [],
}
"""What an empty cell says in a column whose field can be empty; in any other it says nothing."""


def read_directory(path: Path, *, complete: bool = False) -> DirectoryDocument:
    """The document in a ``.csv``, ``.yaml`` or ``.yml`` file; InvalidInput with ``file:line`` in each
    problem.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
    return _parsed(path, _text(content, str(path)), complete=complete)


def _text(content: bytes, source: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = "this is not UTF-8 text; save it as UTF-8, in Excel as 'CSV UTF-8'"
        raise fault(source, line, message) from error


def _parsed(path: Path, content: str, *, complete: bool) -> DirectoryDocument:
    if path.suffix == ".csv":
        return parse_csv(content, str(path), complete=complete)
    if path.suffix in (".yaml", ".yml"):
        return parse_yaml(content, str(path), complete=complete)
    raise InvalidInput(f"{path}: a directory file ends in .csv, .yaml or .yml")


def parse_csv(content: str, source: str, *, complete: bool = False) -> DirectoryDocument:
    """People, when the header has ``user_name``, or groups, when it has ``key``.

    The columns are the fields of the entries. Several groups or roles of one person stand in one cell,
    separated by semicolons. A column that the file does not have changes nothing; an empty cell empties what can be
    empty, and leaves name, label, language, zone, service_account and active as they are. Columns are parted by what
    parts the header: commas, semicolons or tabs.
    """
    reader = csv.DictReader(io.StringIO(content), strict=True, delimiter=_delimiter(content))
    entry, part = _entry_of(_header(reader, source), source)
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    try:
        for row in reader:
            lines.append(reader.line_num)
            if None in row:
                raise fault(source, reader.line_num, "the row has more cells than the header")
            rows.append(_given(row))
    except csv.Error as error:
        raise fault(source, reader.line_num, str(error)) from error
    unknown = sorted(set(reader.fieldnames or []) - set(entry.model_fields))
    if unknown:
        known = ", ".join(entry.model_fields)
        raise fault(source, 1, f"unknown columns {', '.join(unknown)}; known are {known}")
    try:
        return DirectoryDocument.model_validate({part: rows, "complete": complete})
    except ValidationError as error:
        raise faults_of(error, source, lambda location: _line_of(location, lines)) from None


def parse_yaml(content: str, source: str, *, complete: bool = False) -> DirectoryDocument:
    """A mapping with ``people``, ``groups`` and ``complete``."""
    try:
        loaded = YAML(typ="rt").load(content)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise fault(source, line, error.problem or "this is not YAML") from error
    except (YAMLError, ValueError, RecursionError) as error:
        # What cannot be printed, a number or date that is none, a nesting without end.
        reason = "its characters, a number, a date or its nesting are not those of YAML"
        raise fault(source, 1, f"this is not YAML: {reason}") from error
    if not isinstance(loaded, CommentedMap):
        raise fault(source, 1, "a directory file is a mapping with 'people' and 'groups'")
    try:
        return DirectoryDocument.model_validate({"complete": complete, **loaded})
    except ValidationError as error:
        raise faults_of(error, source, lambda location: _yaml_line(loaded, location)) from None


def _delimiter(content: str) -> str:
    """What stands between the names of the header, as Excel writes it in a country of decimal commas too."""
    header = content.partition("\n")[0]
    return max(",;\t", key=header.count)


def _header(reader: "csv.DictReader[str]", source: str) -> list[str]:
    try:
        header = list(reader.fieldnames or [])
    except csv.Error as error:
        raise fault(source, 1, str(error)) from error
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise fault(source, 1, f"the column '{twice}' stands twice")
    return header


def _entry_of(header: list[str], source: str) -> tuple[type[PersonEntry] | type[GroupEntry], str]:
    if "user_name" in header:
        return PersonEntry, "people"
    if "key" in header:
        return GroupEntry, "groups"
    raise fault(source, 1, "the header needs a column 'user_name' for people or 'key' for groups")


def _given(row: dict[str, str | None]) -> dict[str, Any]:
    """What a row says: fields without the columns that it ends before, and without empty cells that say nothing."""
    cells = {name: text.strip() for name, text in row.items() if text is not None}
    full = {name: _cell(name, text) for name, text in cells.items() if text}
    return full | {name: _EMPTIED[name] for name, text in cells.items() if not text and name in _EMPTIED}


def _cell(name: str, text: str) -> object:
    if name in _LISTS:
        return [part.strip() for part in text.split(";") if part.strip()]
    word = text.strip().lower()
    if word in _WORDS.get(name, ()):
        return word in _TRUE
    return text


def _line_of(location: Location, lines: list[int]) -> int:
    index = location[1] if len(location) > 1 else None
    return lines[index] if isinstance(index, int) else 1


def _yaml_line(node: object, location: Location) -> int:
    """The line of the innermost part of ``location`` that the text has."""
    line = 1
    for step in location:
        if isinstance(node, CommentedMap) and step in node:
            line = node.lc.key(step)[0] + 1
            node = node[step]
        elif isinstance(node, CommentedSeq) and isinstance(step, int):
            line = node.lc.item(step)[0] + 1
            node = node[step]
        else:
            break
    return line
