"""Which requests a text means: by what was ordered, for whom, or a number; each way by an index of its own."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    any_,
    exists,
    false,
    func,
    literal,
    select,
    true,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from steadydesk.contracts.numbers import RecordKind, meant_numbers
from steadydesk.records.tables.directory import person
from steadydesk.records.tables.process import record, title

_line = record.alias("line")
_is_line = _line.c.kind == RecordKind.REQUEST_LINE.value

Ways = Sequence[ColumnElement[bool]]


def of_items(items: Collection[str]) -> ColumnElement[bool]:
    """Whether one of the items is in the order."""
    return _has_line(_line.c.item == any_(literal(list(items), ARRAY(Text))))


async def ways_to_mean(connection: AsyncConnection, text: str, language: str) -> Ways:
    """Conditions on ``record``, of which a request that the text means fulfils one: something in the order is called
    so, or the person whom it is for, in part; or it has the number, or something in it has.
    """
    titles = list(await connection.scalars(_titles(text, language)))
    whose = select(person.c.id).where(person.c.name.ilike(_anywhere(text)))
    ways: list[ColumnElement[bool]] = [record.c.caller.in_(whose)]
    if titles:
        ways.append(_has_line(title(_line) == any_(literal(titles, ARRAY(BigInteger)))))
    if numbers := meant_numbers(text):
        part = record.alias("part")
        ways.append(record.c.number.in_(select(part.c.owner).where(part.c.number.in_(numbers))))
    return ways


def in_any_way(ways: Ways, page: Callable[[Select[str]], Select[str]]) -> ColumnElement[bool]:
    """Whether a row is on the ``page`` of one of the ways. An OR of them could use none of their indexes."""
    if not ways:
        return false()
    return record.c.number.in_(union(*(page(select(record.c.number).where(way)) for way in ways)))


def _has_line(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(select(_line.c.number).where(_line.c.owner == record.c.number, _is_line, condition))


def _titles(text: str, language: str) -> Select[int]:
    """The titles of lines that hold the text. The index is asked for the next title until there is none, so that each
    is looked at once, not each line.
    """
    following = select(title(_line).label("title"), _line.c.short_description.label("words"))
    following = following.where(_is_line).order_by(title(_line)).limit(1)
    found = following.cte("found", recursive=True)
    behind = following.where(title(_line) > found.c.title).lateral("behind")
    found = found.union_all(select(behind.c.title, behind.c.words).select_from(found.join(behind, true())))
    words: Any = found.c.words
    called = func.coalesce(words[language].astext, words["en"].astext)
    return select(found.c.title).where(called.ilike(_anywhere(text)))


def _anywhere(text: str) -> str:
    """A pattern for what holds the text. Compared by ILIKE with the column itself, of which there are statistics."""
    escaped = "".join(f"\\{each}" if each in "\\%_" else each for each in text)
    return f"%{escaped}%"
