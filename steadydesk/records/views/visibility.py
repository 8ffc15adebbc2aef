"""The one predicate of who sees what; lists, search, counts, exports and events all go through it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, any_, bindparam, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from steadydesk.contracts.directory import Standing
from steadydesk.policies.rights import Relation
from steadydesk.records.tables.process import record, sight


@dataclass(frozen=True)
class Viewer:
    """Through what somebody sees records: themselves, groups, owned functions; as a delegate only approvals."""

    person: str
    own: tuple[str, ...]
    delegated: tuple[str, ...]
    now: datetime
    language: str = "en"

    @classmethod
    def of(cls, standing: Standing, now: datetime) -> "Viewer":
        return cls(
            standing.person.id,
            tuple(sorted(standing.own_sight)),
            tuple(sorted(standing.delegated_sight)),
            now,
            standing.person.language,
        )


def subject_matches(viewer: Viewer) -> ColumnElement[bool]:
    """Rows of ``sight`` that are the viewer's, now."""
    everybody = literal([*viewer.own, *viewer.delegated], ARRAY(Text))
    return _matches(everybody, literal(list(viewer.own), ARRAY(Text)), literal(viewer.now))


def _matches(
    everybody: ColumnElement[Any], own: ColumnElement[Any], now: ColumnElement[Any]
) -> ColumnElement[bool]:
    # All subjects in one condition, so that the key of the table, which begins with it, can be used.
    theirs = sight.c.subject == any_(everybody)
    whole = or_(sight.c.subject == any_(own), sight.c.why == Relation.APPROVER.value)
    begun = or_(sight.c.begins_at.is_(None), sight.c.begins_at <= now)
    holds = or_(sight.c.until.is_(None), sight.c.until > now)
    return and_(theirs, whole, begun, holds)


# Made once: every command of everybody asks it.
_RELATIONS = (
    select(sight.c.why)
    .where(
        sight.c.number == bindparam("of", type_=Text),
        _matches(
            bindparam("everybody", type_=ARRAY(Text)),
            bindparam("own", type_=ARRAY(Text)),
            bindparam("now", type_=sight.c.until.type),
        ),
    )
    .distinct()
)


def visible(viewer: Viewer, *, processes: bool = False) -> ColumnElement[bool]:
    """Whether the viewer sees the row of ``record``: its process is in their sight.

    ``processes`` says that only rows of processes are asked for, which are found by their own number: the few that
    somebody sees are then looked up one by one, however many there are.
    """
    number = record.c.number if processes else record.c.owner
    return exists(select(sight.c.number).where(sight.c.number == number, subject_matches(viewer)))


@dataclass(frozen=True)
class Sight:
    """By which subjects somebody sees records; who they are decides nothing of what they see."""

    own: tuple[str, ...]
    delegated: tuple[str, ...]

    def at(self, now: datetime) -> Viewer:
        return Viewer("", self.own, self.delegated, now)


async def sight_of(connection: AsyncConnection, viewer: Viewer) -> Sight:
    """What the viewer sees, without the subjects that stand in no row of ``sight``: people who differ only by these
    have equal ones.
    """
    asked = func.unnest(literal([*viewer.own, *viewer.delegated], ARRAY(Text))).column_valued("asked")
    named = exists(select(sight.c.number).where(sight.c.subject == asked))
    found = set(await connection.scalars(select(asked).where(named)))
    own, delegated = (tuple(filter(found.__contains__, side)) for side in (viewer.own, viewer.delegated))
    return Sight(own, delegated)


async def relations(connection: AsyncConnection, viewer: Viewer, owner: str) -> list[str]:
    """Why the viewer sees the process ``owner``; empty when it is invisible to them."""
    everybody = [*viewer.own, *viewer.delegated]
    asked = {"of": owner, "everybody": everybody, "own": list(viewer.own), "now": viewer.now}
    return sorted(await connection.scalars(_RELATIONS, asked))
