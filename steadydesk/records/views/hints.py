"""How changes concern somebody: read through the one predicate of who sees what, and never more than the kind."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import BindParameter, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from steadydesk.contracts.hint import HintKind
from steadydesk.contracts.numbers import RecordKind
from steadydesk.policies.rights import Relation
from steadydesk.records.tables.delivery import in_app
from steadydesk.records.tables.process import record, sight
from steadydesk.records.views.visibility import Viewer, subject_matches

_KIND_OF = {
    Relation.REQUESTER: HintKind.REQUEST,
    Relation.REQUESTED_FOR: HintKind.REQUEST,
    Relation.WATCHER: HintKind.REQUEST,
    Relation.APPROVER: HintKind.APPROVAL,
    Relation.FULFILMENT_GROUP: HintKind.WORK,
    Relation.RESTRICTED_GROUP: HintKind.WORK,
    Relation.PROCESS_OWNER: HintKind.OVERSIGHT,
    Relation.BREAK_GLASS: HintKind.OVERSIGHT,
}
_PROCESSES = (RecordKind.REQUEST.value, RecordKind.GRANT.value)


async def subjects_of(connection: AsyncConnection, numbers: Collection[str]) -> dict[str, set[str]]:
    """Every subject of each process's sight, whether it holds now or not: whom to look for, nobody's right."""
    found: dict[str, set[str]] = {}
    asked = select(sight.c.number, sight.c.subject).where(sight.c.number == any_(_texts(numbers)))
    for number, subject in await connection.execute(asked):
        found.setdefault(number, set()).add(subject)
    return found


async def kinds_of(
    connection: AsyncConnection, viewer: Viewer, numbers: Collection[str]
) -> frozenset[HintKind]:
    """How changes of these processes concern the viewer; empty for those that they do not see."""
    theirs = sight.c.number == any_(_texts(numbers))
    return _kinds(
        await connection.scalars(select(sight.c.why).where(theirs, subject_matches(viewer)).distinct())
    )


async def kinds_since(connection: AsyncConnection, viewer: Viewer, since: datetime) -> frozenset[HintKind]:
    """The same for whatever was written after an instant."""
    written = select(record.c.number).where(record.c.kind.in_(_PROCESSES), record.c.updated_at > since)
    return _kinds(
        await connection.scalars(
            select(sight.c.why).where(sight.c.number.in_(written), subject_matches(viewer)).distinct()
        )
    )


async def has_messages_since(connection: AsyncConnection, person: str, since: datetime) -> bool:
    """Whether the person's list of notifications has an entry of what happened after an instant."""
    newest = select(in_app.c.at).where(in_app.c.person == person).order_by(in_app.c.id.desc()).limit(1)
    at = await connection.scalar(newest)
    return at is not None and at > since


def _texts(numbers: Collection[str]) -> BindParameter[Sequence[str]]:
    return literal(sorted(numbers), ARRAY(Text))


def _kinds(reasons: Iterable[str]) -> frozenset[HintKind]:
    return frozenset(_KIND_OF[Relation(why)] for why in reasons)
