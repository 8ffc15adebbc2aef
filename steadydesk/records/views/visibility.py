"""The one predicate of who sees what; lists, search, counts, exports and events all go through it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    all_,
    and_,
    any_,
    bindparam,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from steadydesk.contracts.directory import Standing
from steadydesk.policies.rights import Relation
from steadydesk.records.tables.approval import approver, gate
from steadydesk.records.tables.process import record, sight
from steadydesk.records.views.silence import LATER, shows_by_others, silent_about

_GATE = gate.alias("scope_gate")
_ASKED = approver.alias("scope_approver")


@dataclass(frozen=True)
class Viewer:
    """Through what somebody sees records: themselves, groups, owned functions; as a delegate only approvals.
    ``partly``: for whom they decide by some policies only, with each of these. ``natural`` is the person behind all
    accounts of theirs.
    """

    person: str
    own: tuple[str, ...]
    delegated: tuple[str, ...]
    now: datetime
    language: str = "en"
    partly: tuple[tuple[str, str], ...] = ()
    natural: str = ""

    @classmethod
    def of(cls, standing: Standing, now: datetime) -> "Viewer":
        return cls(
            standing.person.id,
            tuple(sorted(standing.own_sight)),
            tuple(sorted(standing.delegated_sight)),
            now,
            standing.person.language,
            _partly(standing),
            standing.person.natural,
        )

    @property
    def selves(self) -> list[str]:
        """The account and the one that the person's others name; these the directory knows."""
        return [account for account in sorted({self.person, self.natural}) if account]


def _partly(standing: Standing) -> tuple[tuple[str, str], ...]:
    wholly = {one.delegator for one in standing.stands_for if one.policies is None}
    some = (one for one in standing.stands_for if one.delegator not in wholly)
    return tuple(sorted((one.delegator, policy) for one in some for policy in one.policies or ("",)))


def subject_matches(viewer: Viewer) -> ColumnElement[bool]:
    """Rows of ``sight`` that are the viewer's, now."""
    everybody = literal([*viewer.own, *viewer.delegated], ARRAY(Text))
    matches = _matches(everybody, literal(list(viewer.own), ARRAY(Text)), literal(viewer.now))
    return and_(matches, _is_not_silent(viewer), _in_scope(viewer) if viewer.partly else true())


def one_subject_matches(
    viewer: Viewer, subject: ColumnElement[str], own: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Of the rows above those of one subject of the viewer's; ``own`` is whether it is one of ``Viewer.own``."""
    matches = and_(sight.c.subject == subject, _shows(own, literal(viewer.now)), _is_not_silent(viewer))
    return and_(matches, _in_scope(viewer)) if viewer.partly else matches


def _matches(
    everybody: ColumnElement[Any], own: ColumnElement[Any], now: ColumnElement[Any]
) -> ColumnElement[bool]:
    # All subjects in one condition, so that the key of the table, which begins with it, can be used.
    return and_(sight.c.subject == any_(everybody), _shows(sight.c.subject == any_(own), now))


def _shows(own: ColumnElement[bool], now: ColumnElement[Any]) -> ColumnElement[bool]:
    """As a delegate one sees approvals alone."""
    whole = or_(own, sight.c.why == Relation.APPROVER.value)
    begun = or_(sight.c.begins_at.is_(None), sight.c.begins_at <= now)
    holds = or_(sight.c.until.is_(None), sight.c.until > now)
    return and_(whole, begun, holds)


def _is_not_silent(viewer: Viewer) -> ColumnElement[bool]:
    """A record that is silent about somebody shows them nothing before its hour, whatever else lets them see it, and
    by them nothing to those who decide for them.

    The few numbers are read once for a statement, not row by row: lists keep the plans that they have without.
    """
    now = literal(viewer.now)
    by_others = (
        shows_by_others(literal(list(viewer.delegated), ARRAY(Text)), now) if viewer.delegated else true()
    )
    return and_(by_others, is_open_about(viewer, sight.c.number))


def is_open_about(viewer: Viewer, process: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the process keeps no silence about the viewer themselves."""
    if not viewer.selves:
        return true()
    silent = silent_about(literal(viewer.selves, ARRAY(Text)), literal(viewer.now))
    return process != all_(func.array(silent.scalar_subquery(), type_=ARRAY(Text)))


def _in_scope(viewer: Viewer) -> ColumnElement[bool]:
    """Whether the row is not by somebody for whom the viewer decides by some policies only, or the process has asked
    them at a gate of one of these.
    """
    limited = sorted({f"p:{delegator}" for delegator, _ in viewer.partly})
    others = [subject for subject in (*viewer.own, *viewer.delegated) if subject not in limited]
    asked = (
        select(_GATE.c.id)
        .join(_ASKED, _ASKED.c.gate == _GATE.c.id)
        .where(
            _GATE.c.owner == sight.c.number,
            _ASKED.c.person == func.substr(sight.c.subject, 3),
            tuple_(_ASKED.c.person, _GATE.c.policy).in_(viewer.partly),
        )
        .correlate(sight)
    )
    # Both sides name their subjects, though the row has one of them already: without, the planner takes it for more
    # than half of what the delegator sees, and goes through all records to find a page of it.
    return or_(
        sight.c.subject == any_(literal(others, ARRAY(Text))),
        and_(sight.c.subject.in_(limited), asked.exists()),
    )


_OF = bindparam("of", type_=Text)
_NOW = bindparam("now", type_=sight.c.until.type)
# Made once: every command of everybody asks it.
_RELATIONS = (
    select(sight.c.why)
    .where(
        sight.c.number == _OF,
        _matches(
            bindparam("everybody", type_=ARRAY(Text)),
            bindparam("own", type_=ARRAY(Text)),
            _NOW,
        ),
        not_(
            silent_about(bindparam("selves", type_=ARRAY(Text)), _NOW).where(LATER.c.number == _OF).exists()
        ),
        shows_by_others(bindparam("delegated", type_=ARRAY(Text)), _NOW),
    )
    .distinct()
)


def visible(viewer: Viewer, *, processes: bool = False) -> ColumnElement[bool]:
    """Whether the viewer sees the row of ``record``: its process is in their sight.

    ``processes`` says that only rows of processes are asked for, which are found by their own number: the few that
    somebody sees are then looked up one by one, however many there are.
    """
    return sees(viewer, record.c.number if processes else record.c.owner)


def sees(viewer: Viewer, process: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the viewer sees the process of that number."""
    return exists(select(sight.c.number).where(sight.c.number == process, subject_matches(viewer)))


@dataclass(frozen=True)
class Sight:
    """By which subjects somebody sees records. Who they are decides something only where a record is silent about
    them: they are one of ``kept_from`` then.
    """

    own: tuple[str, ...]
    delegated: tuple[str, ...]
    partly: tuple[tuple[str, str], ...] = ()
    kept_from: tuple[str, ...] = ()

    def at(self, now: datetime) -> Viewer:
        person, natural = (*self.kept_from, "", "")[:2]
        return Viewer(person, self.own, self.delegated, now, partly=self.partly, natural=natural)


async def sight_of(connection: AsyncConnection, viewer: Viewer) -> Sight:
    """What the viewer sees, without the subjects that stand in no row of ``sight``: people who differ only by these
    have equal ones.
    """
    asked = func.unnest(literal([*viewer.own, *viewer.delegated], ARRAY(Text))).column_valued("asked")
    named = exists(select(sight.c.number).where(sight.c.subject == asked))
    found = set(await connection.scalars(select(asked).where(named)))
    own, delegated = (tuple(filter(found.__contains__, side)) for side in (viewer.own, viewer.delegated))
    partly = tuple(one for one in viewer.partly if f"p:{one[0]}" in found)
    return Sight(own, delegated, partly, await _kept_from(connection, viewer))


async def _kept_from(connection: AsyncConnection, viewer: Viewer) -> tuple[str, ...]:
    """The viewer's accounts, where any process is silent about them."""
    some = silent_about(literal(viewer.selves, ARRAY(Text)), literal(viewer.now)).exists()
    return tuple(viewer.selves) if await connection.scalar(select(some)) else ()


async def relations(connection: AsyncConnection, viewer: Viewer, owner: str) -> list[str]:
    """Why the viewer sees the process ``owner``; empty when it is invisible to them."""
    everybody = [*viewer.own, *viewer.delegated]
    asked = {
        "of": owner,
        "everybody": everybody,
        "own": list(viewer.own),
        "selves": viewer.selves,
        "delegated": list(viewer.delegated),
        "now": viewer.now,
    }
    wanted = _RELATIONS.where(_in_scope(viewer)) if viewer.partly else _RELATIONS
    return sorted(await connection.scalars(wanted, asked))
