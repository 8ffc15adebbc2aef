"""What a person's first page shows: what waits for them, what they asked for, what is late."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, any_, func, literal, or_, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from steadydesk.contracts.agenda import WaitingKind
from steadydesk.contracts.gate import ApproverState, GateState
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.views import RecordView
from steadydesk.policies.rights import Relation
from steadydesk.records.engine import plan_anew
from steadydesk.records.tables.approval import approver, gate
from steadydesk.records.tables.process import record, sight
from steadydesk.records.views.directory_words import DirectoryWords, directory_words
from steadydesk.records.views.records import fields_of
from steadydesk.records.views.visibility import Viewer, subject_matches, visible

MOST = 8
"""Rows of each part; what is more is behind the part's link."""

_FOR_REQUESTER = (
    WaitingKind.REQUESTER,
    WaitingKind.INFORMATION,
    WaitingKind.RESUBMISSION,
)
_ASKING = (Relation.REQUESTER.value, Relation.REQUESTED_FOR.value)


@dataclass(frozen=True)
class Approval:
    """A gate at which the viewer is asked, with the request that it belongs to."""

    id: str
    request: RecordView


@dataclass(frozen=True)
class HomeContent:
    names: DirectoryWords
    approvals: list[Approval] = field(default_factory=list[Approval])
    to_answer: list[RecordView] = field(default_factory=list[RecordView])
    """Requests of the viewer that wait for their answer, change or score."""
    tasks: list[RecordView] = field(default_factory=list[RecordView])
    mine: list[RecordView] = field(default_factory=list[RecordView])
    late: list[RecordView] = field(default_factory=list[RecordView])


async def home_content(connection: AsyncConnection, viewer: Viewer, groups: Iterable[str]) -> HomeContent:
    """At most ``MOST`` + 1 rows of each part, in three statements."""
    keys = sorted(groups)
    parts = union_all(
        *(
            statement.subquery().select()
            for statement in (_approvals(viewer), _to_answer(viewer), _tasks(viewer, keys), _mine(viewer))
        ),
        _late(viewer, keys).subquery().select(),
    )
    await plan_anew(connection)
    rows = (await connection.execute(parts)).all()
    names = await directory_words(
        connection,
        [person for row in rows for person in (row.opened_by, row.caller, row.assigned_to)],
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
            Approval(row.subject, view) for row, view in zip(of["approval"], shown["approval"], strict=True)
        ],
        to_answer=shown["answer"],
        tasks=shown["task"],
        mine=shown["mine"],
        late=shown["late"],
    )


def _part(name: str, subject: Any = None) -> Select[Any]:
    return select(
        literal(name).label("part"), (literal(None) if subject is None else subject).label("subject"), record
    )


def _approvals(viewer: Viewer) -> Select[Any]:
    people = [
        subject.removeprefix("p:") for subject in (*viewer.own, *viewer.delegated) if subject.startswith("p:")
    ]
    asked = (
        select(gate.c.id, gate.c.owner, gate.c.due_at)
        .join(approver, approver.c.gate == gate.c.id)
        .where(approver.c.person == any_(literal(people, ARRAY(Text))))
        .where(approver.c.state == ApproverState.REQUESTED.value, gate.c.state == GateState.REQUESTED.value)
        .distinct()
        .subquery()
    )
    return (
        _part("approval", asked.c.id)
        .join(asked, asked.c.owner == record.c.number)
        .where(visible(viewer, processes=True))
        .order_by(asked.c.due_at, asked.c.id)
        .limit(MOST + 1)
    )


def _own(viewer: Viewer) -> ColumnElement[bool]:
    """The processes that the viewer asked for, or that are for them."""
    numbers = select(sight.c.number).where(
        sight.c.subject == f"p:{viewer.person}", sight.c.why.in_(_ASKING), subject_matches(viewer)
    )
    return record.c.number.in_(numbers) & (record.c.kind == RecordKind.REQUEST.value)


def _to_answer(viewer: Viewer) -> Select[Any]:
    waits = or_(*(record.c.waiting.contains([{"kind": kind.value}]) for kind in _FOR_REQUESTER))
    survey = record.c.waiting.contains([{"kind": WaitingKind.SURVEY.value, "whom": "requester"}])
    return (
        _part("answer")
        .where(_own(viewer), or_(waits, survey))
        .order_by(record.c.updated_at.desc(), record.c.number)
        .limit(MOST + 1)
    )


def _work_of(viewer: Viewer, groups: list[str]) -> ColumnElement[bool]:
    theirs = or_(
        record.c.assigned_to == viewer.person,
        (record.c.assignment_group == any_(literal(groups, ARRAY(Text)))) & record.c.assigned_to.is_(None),
    )
    in_group = record.c.assignment_group == any_(literal(groups, ARRAY(Text)))
    return (record.c.kind == RecordKind.TASK.value) & record.c.open & in_group & theirs & visible(viewer)


def _tasks(viewer: Viewer, groups: list[str]) -> Select[Any]:
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


def _late(viewer: Viewer, groups: list[str]) -> Select[Any]:
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
    return {name: value for name, value in fields.items() if name not in ("part", "subject")}
