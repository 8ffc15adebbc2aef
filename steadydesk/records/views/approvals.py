"""Approvals: the gates of a request, and each person's inbox."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Subquery,
    TableValuedAlias,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import LateralFromClause
from sqlalchemy.types import Text

from steadydesk.contracts.agenda import Waiting
from steadydesk.contracts.gate import ApproverState, GateState
from steadydesk.contracts.language import in_language
from steadydesk.contracts.views import ApprovalView, ApproverView, Why
from steadydesk.records.tables.approval import approver, as_opened, decide_by, gate, in_turn
from steadydesk.records.tables.process import record, sight
from steadydesk.records.views.approval_rights import may_decide
from steadydesk.records.views.asked_people import approver_view, asked_people
from steadydesk.records.views.people import names_of
from steadydesk.records.views.visibility import Viewer, subject_matches

_FACTS = ("id", "line", "policy", "stage", "state", "opened_at", "due_at", "closed_at")


class GateOrder(StrEnum):
    OLDEST = "oldest"
    NEWEST = "newest"
    DUE = "due"
    """Of what is still to decide: the soonest due first, what is never due last."""


async def approvals_of(connection: AsyncConnection, number: str, language: str) -> list[ApprovalView]:
    """Every gate of the request, in the order in which they opened; the caller has checked visibility."""
    rows = await connection.execute(select(gate).where(gate.c.owner == number).order_by(*as_opened(gate)))
    return await _views(connection, rows.all(), language)


async def find_approval(connection: AsyncConnection, viewer: Viewer, gate_id: str) -> ApprovalView | None:
    row = (
        await connection.execute(select(gate).where(gate.c.id == gate_id, seen_gate(viewer)))
    ).one_or_none()
    return (await _views(connection, [row], viewer.language))[0] if row else None


async def process_of_gate(connection: AsyncConnection, gate_id: str) -> str | None:
    """The number of its request, whoever may see that; None for no such gate."""
    return await connection.scalar(select(gate.c.owner).where(gate.c.id == gate_id))


async def why_gate(connection: AsyncConnection, viewer: Viewer, gate_id: str) -> Why | None:
    """What the gate waits for, as its request says."""
    wanted = select(gate.c.state, record.c.waiting).join(record, record.c.number == gate.c.owner)
    row = (await connection.execute(wanted.where(gate.c.id == gate_id, seen_gate(viewer)))).one_or_none()
    if row is None:
        return None
    waiting = [Waiting.model_validate(one) for one in row.waiting or [] if one["subject"] == gate_id]
    return Why(number=gate_id, state=row.state, open=row.state == GateState.REQUESTED, waiting=waiting)


async def inbox(
    connection: AsyncConnection,
    viewer: Viewer,
    state: str | None,
    limit: int,
    after: tuple[datetime, str] | None = None,
) -> list[ApprovalView]:
    """Gates at which the viewer is asked, themselves or as a delegate; the oldest first."""
    page = asked_gates(viewer, [state] if state else list(ApproverState), limit, after)
    statement = select(gate).join(page, page.c.gate == gate.c.id).order_by(*in_turn(page.c.at, gate.c.id))
    return await _views(connection, (await connection.execute(statement)).all(), viewer.language)


def asked_gates(
    viewer: Viewer,
    states: Sequence[str],
    limit: int,
    after: tuple[datetime, str] | None = None,
    order: GateOrder = GateOrder.OLDEST,
) -> Subquery:
    """Id and the instant of the order (``gate``, ``at``) of gates that the viewer sees, and at which they or somebody
    whom they stand for are in one of these states of ``ApproverState``; REQUESTED alone: only open ones, and none on
    which they may not decide in anybody's name.
    """
    who = _each(people_of(viewer), "person")
    which = _each(list(states), "state")
    at = decide_by(approver) if order is GateOrder.DUE else approver.c.opened_at
    asked = (
        select(approver.c.gate, at.label("at"))
        .join(gate, gate.c.id == approver.c.gate)
        .where(approver.c.person == who.c.person, approver.c.state == which.c.state, seen_gate(viewer))
        .where(in_their_name(viewer))
        .order_by(*in_order(at, approver.c.gate, order))
        .limit(limit)
    )
    if order is GateOrder.DUE:
        # Says nothing new, but lets the index of what is still to decide be used.
        asked = asked.where(approver.c.state == literal_column("'requested'"))
    if list(states) == [ApproverState.REQUESTED]:
        asked = asked.where(gate.c.state == GateState.REQUESTED.value, may_decide(viewer))
    if after is not None:
        instant, last = literal(after[0]), literal(after[1])
        place, row = tuple_(*in_turn(instant, last)), tuple_(*in_turn(at, approver.c.gate))
        asked = asked.where(row < place if order is GateOrder.NEWEST else row > place)
    return _merged(who, which, asked.lateral(), limit, order)


def people_of(viewer: Viewer) -> list[str]:
    """Ids of the viewer and of those whom they stand for."""
    subjects = (*viewer.own, *viewer.delegated)
    return [subject.removeprefix("p:") for subject in subjects if subject.startswith("p:")]


def in_their_name(viewer: Viewer) -> ColumnElement[bool]:
    """Whether the viewer may stand for the ``approver`` at the ``gate``: by its policy, where their delegation holds
    for some only.
    """
    if not viewer.partly:
        return true()
    limited = approver.c.person.in_(sorted({delegator for delegator, _ in viewer.partly}))
    return or_(not_(limited), tuple_(approver.c.person, gate.c.policy).in_(viewer.partly))


def in_order(
    at: ColumnElement[datetime], identity: ColumnElement[str], order: GateOrder
) -> tuple[ColumnElement[Any], ...]:
    sorting = in_turn(at, identity)
    return tuple(each.desc() for each in sorting) if order is GateOrder.NEWEST else sorting


def _each(values: list[str], name: str) -> TableValuedAlias:
    return func.unnest(literal(values, ARRAY(Text))).table_valued(name).render_derived()


def _merged(
    who: TableValuedAlias,
    which: TableValuedAlias,
    asked: LateralFromClause,
    limit: int,
    order: GateOrder,
) -> Subquery:
    """The first ``limit`` of the pages of each person and state: each page is a range of the index, however long
    the past is. Who is asked for themselves and as a delegate sees a gate once.
    """
    return (
        select(asked.c.gate, asked.c.at)
        .select_from(who.join(which, true()).join(asked, true()))
        .group_by(asked.c.gate, asked.c.at)
        .order_by(*in_order(asked.c.at, asked.c.gate, order))
        .limit(limit)
        .subquery()
    )


def seen_gate(viewer: Viewer) -> ColumnElement[bool]:
    """Asked gate by gate, which the OFFSET makes sure of: as a join it would be made for every gate that there is."""
    sights = select(sight.c.number).where(sight.c.number == gate.c.owner, subject_matches(viewer))
    return sights.offset(0).exists()


async def _views(connection: AsyncConnection, gates: Sequence[Row[Any]], language: str) -> list[ApprovalView]:
    if not gates:
        return []
    statement = asked_people(approver.c.gate.in_([row.id for row in gates])).order_by(approver.c.person)
    rows = (await connection.execute(statement)).mappings().all()
    names = await names_of(connection, [row[who] for row in rows for who in ("person", "decided_by")])
    asked: dict[str, list[ApproverView]] = {}
    for row in rows:
        asked.setdefault(row["gate"], []).append(approver_view(row, names))
    return [_view(row, asked.get(row.id, []), language) for row in gates]


def _view(row: Row[Any], asked: list[ApproverView], language: str) -> ApprovalView:
    return ApprovalView(
        **gate_facts(row, language), reason=row.reason, changed=row.changed or [], approvers=asked
    )


def gate_facts(row: Row[Any], language: str) -> dict[str, Any]:
    """What every view of a gate says of it."""
    facts = {name: getattr(row, name) for name in _FACTS}
    return facts | {"number": row.owner, "label": in_language(row.label, language)}
