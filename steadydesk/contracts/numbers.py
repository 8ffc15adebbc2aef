"""Numbers of records: the words that people say on the phone, and the workflow ids."""

import re
from enum import StrEnum


class RecordKind(StrEnum):
    """What a number's prefix stands for (prefixes as in ServiceNow; GRA and DLV are our own)."""

    REQUEST = "REQ"
    REQUEST_LINE = "RITM"
    TASK = "SCTASK"
    GRANT = "GRA"


_TYPED = re.compile(r"^\s*([A-Za-z]+)[\s\-_#]*0*(\d{1,12})(?:[\s\-]*[gG]\s*0*(\d{1,9}))?\s*$")
_WIDTH = 7
_LONGEST = 12


def format_number(kind: RecordKind, serial: int) -> str:
    """``REQ`` and 42 give ``REQ0000042``; a serial past seven digits just grows longer."""
    return f"{kind.value}{serial:0{_WIDTH}d}"


def gate_id(number: str, ordinal: int) -> str:
    """The id of the ``ordinal``-th approval gate of a record, such as ``REQ0000001-G2``."""
    return f"{number}-G{ordinal}"


def ordinal_of(gate: str) -> int:
    """Which gate of its record it is, from 1."""
    return int(gate.rsplit("-G", 1)[1])


def owner_of_gate(gate: str) -> str:
    """The number whose workflow runs the gate."""
    return gate.rsplit("-G", 1)[0]


def is_gate(number: str) -> bool:
    """Whether a well-formed number is that of a gate."""
    return "-G" in number


def kind_of(number: str) -> RecordKind | None:
    """The kind that the prefix of a well-formed number names, or None."""
    match = _TYPED.match(number)
    return _kind(match.group(1)) if match else None


def parse_typed(text: str) -> str | None:
    """The number that a person meant: ``req42``, ``REQ 42`` and ``req-0000042`` are ``REQ0000042``.

    Returns None where the text is no number of ours.
    """
    match = _TYPED.match(text)
    kind = _kind(match.group(1)) if match else None
    if match is None or kind is None:
        return None
    number = format_number(kind, int(match.group(2)))
    return gate_id(number, int(match.group(3))) if match.group(3) else number


def meant_numbers(text: str) -> list[str]:
    """What ``parse_typed`` reads; of a number without its kind, the one of each kind; empty where it is none."""
    typed = text.strip()
    if typed.isascii() and typed.isdecimal() and len(typed) <= _LONGEST:
        return [format_number(kind, int(typed)) for kind in RecordKind]
    number = parse_typed(typed)
    return [number] if number else []


def _kind(prefix: str) -> RecordKind | None:
    try:
        return RecordKind(prefix.upper())
    except ValueError:
        return None
