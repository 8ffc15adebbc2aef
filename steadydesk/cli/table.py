"""Answers of the API as words for a terminal: aligned columns, times of this terminal's zone, names of people."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import typer

from steadydesk.contracts.language import in_language

BASE = "en"
Row = Mapping[str, Any]
Column = tuple[str, str | Callable[[Row], Any]]
"""A heading, and the field or what finds the value in a row."""


def print_table(rows: Sequence[Row], columns: Sequence[Column], nothing: str) -> None:
    if not rows:
        typer.echo(nothing)
        return
    cells = [[heading for heading, _ in columns]]
    cells += [[words(_value(row, field)) for _, field in columns] for row in rows]
    widths = [max(len(line[place]) for line in cells) for place in range(len(columns))]
    for line in cells:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_facts(facts: Iterable[tuple[str, Any]]) -> None:
    """One line per fact that is known."""
    for name, value in facts:
        if value not in (None, "", []):
            typer.echo(f"{name:<14}{words(value)}")


def state_of(row: Row) -> str:
    """In words: our states are written with underscores, those of an organisation's models with hyphens."""
    return str(row["state"]).replace("_", " ").replace("-", " ")


def words(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case {"name": str(name)}:
            return name
        case list():
            return ", ".join(words(each) for each in value)
        case str():
            return _instant(value)
        case _:
            return str(value)


def _value(row: Row, field: str | Callable[[Row], Any]) -> Any:
    return row.get(field) if isinstance(field, str) else field(row)


def _instant(text: str) -> str:
    if len(text) < 19 or text[10] != "T":
        return text
    try:
        return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M %Z}"
    except ValueError:
        return text


def print_waiting(waiting: Sequence[Row], language: str = BASE) -> None:
    """What is waited for, for whom, since when, until when, and what happens then; of several also by which part. What
    the organisation calls it is said in ``language``.
    """
    for one in waiting:
        place = f"{one['subject']}: " if len(waiting) > 1 else ""
        until = (
            f" until {words(one['until'])}, then {one['then']}" if one.get("until") else f"; {one['then']}"
        )
        since = words(one["since"])
        typer.echo(f"{place}waits for {_what(one, language)} ({one['whom']}) since {since}{until}")


def has_languages(waiting: Sequence[Row]) -> bool:
    """Whether something that is waited for is called otherwise in another language."""
    return any(isinstance(one.get("label"), Mapping) for one in waiting)


def _what(one: Row, language: str) -> str:
    """The stored sentence quotes the label in the base language."""
    label = one.get("label")
    if not label:
        return str(one["what"])
    return str(one["what"]).replace(f"'{in_language(label)}'", f"'{in_language(label, language)}'")
