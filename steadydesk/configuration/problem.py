"""What is wrong with a configuration, and where."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import NamedTuple

Path = tuple[str | int, ...]
"""Keys and positions from the top of the organisation, such as ``("catalog", "vpn-access", "name")``."""


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Place(NamedTuple):
    """``line`` and ``column`` count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Spot(NamedTuple):
    """Where a key stands and where its value begins; of the item of a list, both are the item."""

    key: Place
    value: Place


Places = Mapping[Path, Spot]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem; ``rule`` is the stable id under which docs/configuration.md explains it."""

    place: Place
    rule: str
    severity: Severity
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.severity} {self.rule}: {self.message}"


def nearest_spot(places: Places, path: Path, fallback: Place) -> Spot:
    """The spot of the path, else of the closest part above it that stands in a file."""
    for length in range(len(path), 0, -1):
        if path[:length] in places:
            return places[path[:length]]
    return Spot(fallback, fallback)


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "known are") -> str:
    """``; did you mean 'x'?`` or, when nothing is near, what there is (twelve at most)."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    if near:
        return f"; did you mean '{near[0]}'?"
    if not names:
        return "; there are none yet"
    more = ", …" if len(names) > 12 else ""
    return f"; {otherwise}: {', '.join(names[:12])}{more}"
