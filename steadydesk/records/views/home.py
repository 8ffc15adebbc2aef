"""What a person's first page shows: what waits for them, what they asked for, what is late."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Subquery,
    any_,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from steadydesk.contracts.agenda import WaitingKind
from steadydesk.contracts.gate import ApproverState, GateState
from steadydesk.contracts.language import in_language
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.views import PersonRef, RecordView
from steadydesk.records.engine import plan_anew
from steadydesk.records.tables.approval import approver, gate, in_turn
from steadydesk.records.tables.process import record
from steadydesk.records.views.approval_rights import may_decide
from steadydesk.records.views.approvals import in_their_name, people_of
from steadydesk.records.views.directory_words import DirectoryWords, directory_words
from steadydesk.records.views.operations import Attention, attention_counts
from steadydesk.records.views.records import asked_for_or_by, fields_of
from steadydesk.records.views.visibility import Viewer, visible

MOST = 8
"""Rows of each part; what is more is behind the part's link."""

_FOR_REQUESTER = (
    WaitingKind.REQUESTER,
    WaitingKind.INFORMATION,
    WaitingKind.RESUBMISSION,
)
_OF_PART = frozenset({"part", "subject", "label", "asked", "counts"})


@dataclass(frozen=True)
class Approval:
    """A gate at which the viewer is asked, with the line of an order that it is about. ``asked`` are those for whom the
    viewer decides, none where they are asked themselves.
    """

    id: str
    label: str
    line: RecordView
    asked: list[PersonRef] = field(default_factory=list[PersonRef])


@dataclass(frozen=True)
class HomeContent:
    names: DirectoryWords
    approvals: list[Approval] = field(default_factory=list[Approval])
    to_answer: list[RecordView] = field(default_factory=list[RecordView])
    """Requests of the viewer that wait for their answer, change or score."""
    tasks: list[RecordView] = field(default_factory=list[RecordView])
    mine: list[RecordView] = field(default_factory=list[RecordView])
    late: list[RecordView] = field(default_factory=list[RecordView])
    attention: Attention | None = None
    """Of operators alone."""


async def home_content(
    connection: AsyncConnection, viewer: Viewer, groups: Iterable[str], operator_at: datetime | None = None
) -> HomeContent:
    """At most ``MOST`` + 1 rows of each part, in three statements; ``operator_at`` is the present of an operator, who
    also sees what is in trouble.
    """
    await plan_anew(connection)
    rows, attention = await _with_attention(connection, _parts(viewer, sorted(groups)), operator_at)
    names = await directory_words(
        connection,
        [person for row in rows for person in _people(row)],
        [row.assignment_group for row in rows],
    )
    of = {
        part: [row for row in rows if row.part == part]
        for part in ("approval", "answer", "task", "mine", "late")
    }
    shown = {part: _views(found, names, viewer.language) for part, found in of.items()}
    return HomeContent(
        names=names,
        approvals=[
            _approval(row, view, names, viewer)
            for row, view in zip(of["approval"], shown["approval"], strict=True)
        ],
        to_answer=shown["answer"],
        tasks=shown["task"],
        mine=shown["mine"],
        late=shown["late"],
        attention=attention,
    )


def _parts(viewer: Viewer, keys: Sequence[str]) -> Subquery:
    """The rows of all parts, each with the name of its own."""
    mine = (_approvals(viewer), _to_answer(viewer), _tasks(viewer, keys), _mine(viewer), _late(viewer, keys))
    return union_all(*(statement.subquery().select() for statement in mine)).subquery()


async def _with_attention(
    connection: AsyncConnection, parts: Subquery, operator_at: datetime | None
) -> tuple[Sequence[Row[Any]], Attention | None]:
    """The rows of the parts; for an operator each stands beside the counts, which stand alone where there is none."""
    if operator_at is None:
        return (await connection.execute(select(parts))).all(), None
    counts = attention_counts(operator_at).subquery()
    beside = func.to_jsonb(counts.table_valued()).label("counts")
    statement = select(parts, beside).select_from(counts.outerjoin(parts, true()))
    rows = (await connection.execute(statement)).all()
    return [row for row in rows if row.part is not None], Attention(**rows[0].counts)


def _people(row: Row[Any]) -> Iterator[str | None]:
    yield from (row.opened_by, row.caller, row.assigned_to, *(row.asked or ()))


def _approval(row: Row[Any], view: RecordView, names: DirectoryWords, viewer: Viewer) -> Approval:
    others = [] if viewer.person in row.asked else [names.of(person) for person in row.asked]
    return Approval(row.subject, in_language(row.label, viewer.language), view, others)


def _part(name: str, gates: Subquery | None = None) -> Select[Any]:
    """Rows of ``record``, with those of ``gates`` that are about them where there are any."""
    of_gate = (
        [gates.c.id, gates.c.label, gates.c.asked]
        if gates is not None
        else [null(), cast(null(), JSONB), cast(null(), ARRAY(Text))]
    )
    names = ("subject", "label", "asked")
    labelled = [value.label(name) for value, name in zip(of_gate, names, strict=True)]
    return select(literal(name).label("part"), *labelled, record)


def _approvals(viewer: Viewer) -> Select[Any]:
    """Never of what they may not decide, in nobody's name."""
    asked = (
        select(
            gate.c.id,
            gate.c.line,
            gate.c.label,
            gate.c.due_at,
            func.array_agg(approver.c.person).label("asked"),
        )
        .join(approver, approver.c.gate == gate.c.id)
        .where(approver.c.person == any_(literal(people_of(viewer), ARRAY(Text))), in_their_name(viewer))
        .where(approver.c.state == ApproverState.REQUESTED.value, gate.c.state == GateState.REQUESTED.value)
        .where(may_decide(viewer))
        .group_by(gate.c.id)
        .subquery()
    )
    return (
        _part("approval", asked)
        .join(asked, asked.c.line == record.c.number)
        .where(visible(viewer))
        .order_by(*in_turn(asked.c.due_at, asked.c.id))
        .limit(MOST + 1)
    )


def _own(viewer: Viewer) -> ColumnElement[bool]:
    """The processes that the viewer asked for, or that are for them."""
    return asked_for_or_by(viewer) & (record.c.kind == RecordKind.REQUEST.value)


def _to_answer(viewer: Viewer) -> Select[Any]:
    waits = or_(*(record.c.waiting.contains([{"kind": kind.value}]) for kind in _FOR_REQUESTER))
    survey = record.c.waiting.contains([{"kind": WaitingKind.SURVEY.value, "whom": "requester"}])
    return (
        _part("answer")
        .where(_own(viewer), or_(waits, survey))
        .order_by(record.c.updated_at.desc(), record.c.number)
        .limit(MOST + 1)
    )


def _work_of(viewer: Viewer, groups: Sequence[str]) -> ColumnElement[bool]:
    theirs = or_(
        record.c.assigned_to == viewer.person,
        (record.c.assignment_group == any_(literal(groups, ARRAY(Text)))) & record.c.assigned_to.is_(None),
    )
    in_group = record.c.assignment_group == any_(literal(groups, ARRAY(Text)))
    return (record.c.kind == RecordKind.TASK.value) & record.c.open & in_group & theirs & visible(viewer)


def _tasks(viewer: Viewer, groups: Sequence[str]) -> Select[Any]:
    """Theirs, and those of their groups that nobody has; what is due first comes first."""
    return (
        _part("task")
        .where(_work_of(viewer, groups))
        .order_by(record.c.due_at.asc().nulls_last(), record.c.number)
        .limit(MOST + 1)
    )


def _mine(viewer: Viewer) -> Select[Any]:
    return (
        _part("mine")
        .where(_own(viewer), record.c.open)
        .order_by(record.c.updated_at.desc(), record.c.number)
        .limit(MOST + 1)
    )


def _late(viewer: Viewer, groups: Sequence[str]) -> Select[Any]:
    past = or_(record.c.late, func.coalesce(record.c.due_at, record.c.expected_at) < viewer.now)
    return (
        _part("late")
        .where(record.c.open, past, or_(_own(viewer), _work_of(viewer, groups)))
        .order_by(func.coalesce(record.c.due_at, record.c.expected_at).asc().nulls_last(), record.c.number)
        .limit(MOST + 1)
    )


def _views(rows: list[Row[Any]], names: DirectoryWords, language: str) -> list[RecordView]:
    return [RecordView(**_without_part(fields_of(row, names, language))) for row in rows]


def _without_part(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in _OF_PART}
