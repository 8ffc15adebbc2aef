"""The requests that another one ordered, each with its open tasks, as far as the viewer may see them."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import CTE, Select, cast, func, literal_column, select, union
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.views import PersonRef, RecordView
from steadydesk.records.tables.directory import person, person_group
from steadydesk.records.tables.process import record
from steadydesk.records.views.directory_words import DirectoryWords
from steadydesk.records.views.json_rows import listed, record_fields
from steadydesk.records.views.visibility import Viewer, visible

_PEOPLE = "$[*].people[*]"
_GROUPS = "$[*].group"


@dataclass(frozen=True)
class ChildRequests:
    children: list[RecordView] = field(default_factory=list[RecordView])
    tasks: list[RecordView] = field(default_factory=list[RecordView])
    """Their open tasks."""
    names: DirectoryWords = field(default_factory=lambda: DirectoryWords({}, {}))


async def child_requests(connection: AsyncConnection, viewer: Viewer, number: str) -> ChildRequests:
    """Those of the request ``number``, in one statement."""
    ordered = record.c.parent == number
    children = (
        select(record)
        .where(ordered, record.c.kind == RecordKind.REQUEST.value, visible(viewer, processes=True))
        .cte("children")
    )
    tasks = (
        select(record)
        .where(record.c.owner.in_(select(children.c.number)), record.c.number != record.c.owner)
        .where(record.c.kind == RecordKind.TASK.value, record.c.open)
        .cte("tasks")
    )
    people, groups = _named(children, tasks)
    row = (
        await connection.execute(
            select(
                listed(children, children.c.number).label("children"),
                listed(tasks, tasks.c.number).label("tasks"),
                listed(people, people.c.id).label("people"),
                listed(groups, groups.c.key).label("groups"),
            )
        )
    ).one()
    names = DirectoryWords(
        {one["id"]: PersonRef(**one) for one in row.people}, {one["key"]: one["label"] for one in row.groups}
    )
    return ChildRequests(
        [RecordView(**record_fields(one, names, viewer.language)) for one in row.children],
        [RecordView(**record_fields(one, names, viewer.language)) for one in row.tasks],
        names,
    )


def _named(children: CTE, tasks: CTE) -> tuple[CTE, CTE]:
    """People and groups that the rows mention."""
    ids = union(
        *(
            select(rows.c[name])
            for rows in (children, tasks)
            for name in ("opened_by", "caller", "assigned_to")
        ),
        _in_waits(children, _PEOPLE),
    )
    keys = union(
        *(select(rows.c.assignment_group) for rows in (children, tasks)), _in_waits(children, _GROUPS)
    )
    people = select(person.c.id, person.c.name, person.c.user_name).where(person.c.id.in_(ids))
    groups = select(person_group.c.key, person_group.c.label).where(person_group.c.key.in_(keys))
    return people.cte("people"), groups.cte("groups")


def _in_waits(rows: CTE, path: str) -> Select[Any]:
    """What stands at the path of each wait, as text."""
    found = func.jsonb_path_query(rows.c.waiting, cast(path, JSONPATH))
    return select(found.op("#>>")(literal_column("'{}'")))
