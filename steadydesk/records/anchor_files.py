"""Anchors outside the database: one file each in a folder, or the lines that a log server or receiver kept."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from steadydesk.policies.anchor import Anchor

_NAME = "anchor-{serial:010d}.json"
_START = '{"statement":'


class AnchorFileError(ValueError):
    """A file or folder of anchors cannot be read; the message says which and why."""


def line_of(anchor: Anchor) -> str:
    """The anchor without its heads, as one line of JSON: what log servers and receivers get."""
    return anchor.brief().model_dump_json(exclude_none=True)


def write_anchor(folder: Path, anchor: Anchor) -> Path:
    """Write the anchor once, readable by everybody and changed by nobody; writing it again changes nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _NAME.format(serial=anchor.statement.serial)
    text = anchor.model_dump_json() + "\n"
    if path.exists() and path.read_text() == text:
        return path
    half = path.with_suffix(".part")
    with half.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    half.chmod(0o444)
    half.replace(path)
    return path


def read_anchors(source: Path) -> list[Anchor]:
    """The anchors of a folder, or of a file of lines in each of which one may stand; by serial, each once.

    Raises AnchorFileError for what cannot be read.
    """
    try:
        found = list(_from_folder(source) if source.is_dir() else _from_lines(source))
    except OSError as error:
        raise AnchorFileError(f"{source}: {error.strerror}") from error
    by_serial = {(anchor.statement.serial, anchor.signature): anchor for anchor in found}
    return [by_serial[key] for key in sorted(by_serial)]


def _from_folder(folder: Path) -> Iterator[Anchor]:
    for path in sorted(folder.iterdir()):
        if re.fullmatch(r"anchor-\d+\.json", path.name):
            yield _parsed(path.read_text(), str(path))


def _from_lines(file: Path) -> Iterator[Anchor]:
    """Whatever a log server put before and after the JSON is skipped."""
    decoder = json.JSONDecoder()
    for number, line in enumerate(file.read_text().splitlines(), 1):
        start = line.find(_START)
        if start < 0:
            continue
        try:
            _, end = decoder.raw_decode(line, start)
        except ValueError as error:
            raise AnchorFileError(f"{file}:{number}: no complete anchor: {error}") from None
        yield _parsed(line[start:end], f"{file}:{number}")


def _parsed(text: str, place: str) -> Anchor:
    try:
        return Anchor.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "file"
        raise AnchorFileError(f"{place}: no anchor: {where}: {first['msg']}") from None
