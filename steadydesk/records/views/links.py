"""Which records refer to each other, as far as the viewer may see both."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import ScalarSelect, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from steadydesk.contracts.link import LinkKind
from steadydesk.contracts.numbers import RecordKind
from steadydesk.records.tables.link import record_link
from steadydesk.records.tables.process import record
from steadydesk.records.views.visibility import Viewer, sees

FOLLOWS = LinkKind.FOLLOWS.value
"""Also the name of the fact under which the timeline and the audit have it."""


def followed_parts(viewer: Viewer, number: str) -> dict[str, ScalarSelect[Any]]:
    """``follows`` and ``followed_by`` of the request, each a part of a larger statement."""
    of_kind = record_link.c.kind == FOLLOWS
    ahead = select(record_link.c.other).where(
        record_link.c.number == number, of_kind, sees(viewer, record_link.c.other)
    )
    numbers = func.array_agg(aggregate_order_by(record_link.c.number, record_link.c.number))
    behind = select(func.coalesce(numbers, literal([], ARRAY(Text)))).where(
        record_link.c.other == number, of_kind, sees(viewer, record_link.c.number)
    )
    return {"follows": ahead.scalar_subquery(), "followed_by": behind.scalar_subquery()}


async def followed(connection: AsyncConnection, viewer: Viewer, number: str) -> dict[str, Any]:
    """The same, as the fields of a RequestView."""
    parts = followed_parts(viewer, number)
    statement = select(*(part.label(name) for name, part in parts.items()))
    return dict((await connection.execute(statement)).mappings().one())


async def may_be_followed(connection: AsyncConnection, number: str) -> bool:
    """Whether some of the request is closed, so that no command can take that up again."""
    lines = (record.c.owner == number, record.c.kind == RecordKind.REQUEST_LINE.value)
    closed = select(record.c.number).where(*lines, record.c.open.is_(False)).exists()
    return bool(await connection.scalar(select(closed)))


async def unseen(connection: AsyncConnection, viewer: Viewer, facts: Iterable[Mapping[str, Any]]) -> set[str]:
    """The records that the facts of a timeline name and the viewer does not see."""
    named = {each[FOLLOWS] for each in facts if each.get(FOLLOWS)}
    if not named:
        return set()
    wanted = func.unnest(literal(sorted(named), ARRAY(Text))).column_valued("named")
    return named - set(await connection.scalars(select(wanted).where(sees(viewer, wanted))))


def without(facts: Mapping[str, Any], hidden: Collection[str]) -> dict[str, Any]:
    """The facts, but for a reference to what is hidden."""
    return {name: value for name, value in facts.items() if name != FOLLOWS or value not in hidden}
