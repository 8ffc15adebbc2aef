"""Reads event logs in XES (IEEE 1849), plain or packed by xz or gzip, one trace at a time.

A log comes from somebody else, so the reader takes no document type: without one, XML has no entities to expand
or to fetch.
"""

import gzip
import lzma
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from xml.parsers import expat

_CHUNK = 1 << 18
_PACKED = {b"\xfd7zXZ\x00": lzma.open, b"\x1f\x8b": gzip.open}


class XesError(ValueError):
    """The file is no log that can be read; says where and why."""


@dataclass(slots=True)
class Trace:
    """One case: its attributes by key, and those of each of its events in the order of the file."""

    attributes: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, str]] = field(default_factory=list)


def read_traces(file: Path) -> Iterator[Trace]:
    """The traces of a log in its order, with the memory of one; XesError with file, line and column."""
    reader = _Reader()
    with _opened(file) as stream:
        try:
            while chunk := stream.read(_CHUNK):
                reader.parser.Parse(chunk)
                yield from reader.taken()
            reader.parser.Parse(b"", True)  # noqa: FBT003 - takes no keywords
        except expat.ExpatError as error:
            raise XesError(
                f"{file}:{error.lineno}:{error.offset + 1}: {expat.ErrorString(error.code)}"
            ) from error
        except (EOFError, OSError, lzma.LZMAError) as error:
            raise XesError(f"{file}: {error}") from error
        except XesError as error:
            place = f"{file}:{reader.parser.CurrentLineNumber}:{reader.parser.CurrentColumnNumber + 1}"
            raise XesError(f"{place}: {error}") from None
        yield from reader.taken()


def _opened(file: Path) -> IO[bytes]:
    try:
        with file.open("rb") as stream:
            start = stream.read(6)
        opener = next((opener for magic, opener in _PACKED.items() if start.startswith(magic)), None)
        return opener(file, "rb") if opener else file.open("rb")
    except OSError as error:
        raise XesError(f"{file}: {error.strerror}") from error


class _Reader:
    """Collects what expat reports; attributes within attributes are of no use here and left out."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self._inside: list[str] = []
        self._trace = Trace()
        self._complete: deque[Trace] = deque()

    def taken(self) -> Iterator[Trace]:
        while self._complete:
            yield self._complete.popleft()

    def _refuse(self, *_declaration: object) -> None:
        raise XesError("a log with a document type is not read")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if not self._inside and tag != "log":
            raise XesError(f"an XES file begins with <log>, not with <{tag}>")
        parent = self._inside[-1] if self._inside else ""
        self._inside.append(tag)
        if tag == "trace":
            self._trace = Trace()
        elif tag == "event":
            self._trace.events.append({})
        elif "key" in attributes and parent in ("trace", "event"):
            target = self._trace.events[-1] if parent == "event" else self._trace.attributes
            target[attributes["key"]] = attributes.get("value", "")

    def _end(self, _name: str) -> None:
        if self._inside.pop() == "trace":
            self._complete.append(self._trace)
