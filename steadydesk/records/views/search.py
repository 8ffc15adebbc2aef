"""What one search box finds: records by number or item, people by name; never what the searcher may not see."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.numbers import RecordKind, meant_numbers
from steadydesk.contracts.views import PersonRef, RecordView
from steadydesk.records.engine import plan_anew
from steadydesk.records.tables.directory import person
from steadydesk.records.tables.process import record
from steadydesk.records.views.directory_words import DirectoryWords
from steadydesk.records.views.json_rows import listed, record_fields
from steadydesk.records.views.ordered import in_any_way, of_items
from steadydesk.records.views.visibility import Viewer, visible

MOST = 10


@dataclass(frozen=True)
class Finds:
    records: list[RecordView] = field(default_factory=list[RecordView])
    people: list[PersonRef] = field(default_factory=list[PersonRef])


async def find(connection: AsyncConnection, viewer: Viewer, text: str, items: Sequence[str]) -> Finds:
    """Records with the number that the text is, and requests of these items, the newest change first; people by the
    beginning of a name. One statement after the setting of its plan.
    """
    found = _records(viewer, meant_numbers(text), items).cte("found")
    named = select(found.c.opened_by).union(select(found.c.caller), select(found.c.assigned_to))
    columns = (person.c.id, person.c.name, person.c.user_name)
    names = select(*columns).where(person.c.id.in_(named)).subquery("names")
    people = people_like(text).subquery("people")
    await plan_anew(connection)
    row = (
        await connection.execute(
            select(
                listed(found, found.c.updated_at.desc()).label("records"),
                listed(names, names.c.id).label("names"),
                listed(people, people.c.name).label("people"),
            )
        )
    ).one()
    words = DirectoryWords({one["id"]: PersonRef(**one) for one in row.names}, {})
    return Finds(
        records=[RecordView(**record_fields(one, words, viewer.language)) for one in row.records],
        people=[PersonRef(**one) for one in row.people],
    )


def people_like(text: str, limit: int = MOST) -> Select[str, str, str]:
    """Active people of whose name a part, or whose user name, begins with the text: id, name, user name."""
    start = text.lower()
    name = func.lower(person.c.name)
    begins: ColumnElement[bool] = or_(
        name.startswith(start, autoescape=True),
        name.contains(f" {start}", autoescape=True),
        person.c.user_name.startswith(start, autoescape=True),
    )
    wanted = select(person.c.id, person.c.name, person.c.user_name).where(person.c.active, begins)
    return wanted.order_by(person.c.name, person.c.user_name).limit(limit)


def _records(viewer: Viewer, numbers: Sequence[str], items: Sequence[str]) -> Select[Any]:
    ways: list[ColumnElement[bool]] = [record.c.number.in_(numbers)] if numbers else []
    if items:
        ways.append((record.c.kind == RecordKind.REQUEST.value) & of_items(items))

    def newest(statement: Select[Any]) -> Select[Any]:
        return statement.order_by(record.c.updated_at.desc(), record.c.number.desc()).limit(MOST)

    return newest(
        select(record).where(in_any_way(ways, lambda statement: newest(statement.where(visible(viewer)))))
    )
