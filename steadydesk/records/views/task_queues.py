"""Tasks in the queues of those who work on them: filtered, in one of a few orders, read on by key."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, any_, false, literal, or_, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from steadydesk.contracts.language import in_language
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.request import TaskState
from steadydesk.contracts.views import RecordView
from steadydesk.records.engine import plan_anew
from steadydesk.records.tables.process import record
from steadydesk.records.views.directory_words import DirectoryWords, directory_words
from steadydesk.records.views.records import fields_of
from steadydesk.records.views.visibility import Viewer, visible

CLOSED = "closed"
"""As the state of a queue: every state in which a task has ended."""

S = TypeVar("S", bound=Select[*tuple[Any, ...]])

_OWNER = record.alias("owner_record")


class Whose(StrEnum):
    ALL = "all"
    UNASSIGNED = "unassigned"
    MINE = "mine"


class Order(StrEnum):
    DUE = "due"
    PRIORITY = "priority"
    OPENED = "opened"
    """The oldest first."""
    CHANGED = "changed"
    """The newest change first."""


@dataclass(frozen=True)
class Queue:
    """What a list of tasks shows. ``groups`` are the viewer's, ``functions`` those whose processes they own;
    ``state`` None means every open one.
    """

    groups: tuple[str, ...]
    functions: tuple[str, ...] = ()
    whose: Whose = Whose.ALL
    group: str | None = None
    state: str | None = None
    late: bool = False
    order: Order = Order.DUE


@dataclass(frozen=True)
class Place:
    """The last task of the page before: what its order goes by, and its number."""

    priority: int
    at: datetime | None
    number: str

    @classmethod
    def of(cls, queue: Queue, view: RecordView) -> "Place":
        at = {Order.OPENED: view.opened_at, Order.CHANGED: view.updated_at}.get(queue.order, view.due_at)
        return cls(view.priority, at, view.number)


@dataclass(frozen=True)
class QueuedTask:
    """``about`` is what was ordered."""

    view: RecordView
    about: str


@dataclass(frozen=True)
class QueueContent:
    tasks: list[QueuedTask]
    names: DirectoryWords


async def queue_content(
    connection: AsyncConnection, viewer: Viewer, queue: Queue, limit: int, after: Place | None = None
) -> QueueContent:
    """At most ``limit`` tasks of the queue that the viewer may see, with the labels of the viewer's groups."""
    about = _OWNER.c.short_description.label("about")
    statement = select(record, about).outerjoin(_OWNER, _OWNER.c.number == record.c.owner)
    statement = statement.where(_fits(viewer, queue))
    if after is not None:
        statement = statement.where(_behind(queue.order, after))
    await plan_anew(connection)
    rows = (await connection.execute(_ordered(statement, queue.order).limit(limit))).all()
    names = await directory_words(
        connection,
        [person for row in rows for person in (row.opened_by, row.caller, row.assigned_to)],
        [queue.group, *queue.groups, *(row.assignment_group for row in rows)],
    )
    return QueueContent([_queued(row, names, viewer.language) for row in rows], names)


async def most_urgent(
    connection: AsyncConnection, viewer: Viewer, queue: Queue, but: frozenset[str] = frozenset()
) -> tuple[str, int] | None:
    """Number and version of the task of the queue that somebody of the viewer's groups should take next: open, and
    nobody has it yet. ``but`` names tasks to leave out.
    """
    statement = select(record.c.number, record.c.version).where(
        _fits(viewer, queue),
        record.c.state == TaskState.OPEN.value,
        record.c.assigned_to.is_(None),
        record.c.assignment_group == _one_of(queue.groups),
        record.c.number.not_in(but) if but else true(),
    )
    await plan_anew(connection)
    row = (await connection.execute(_ordered(statement, Order.PRIORITY).limit(1))).one_or_none()
    return (row.number, row.version) if row else None


def _fits(viewer: Viewer, queue: Queue) -> ColumnElement[bool]:
    return and_(
        record.c.kind == RecordKind.TASK.value,
        _in_state(queue.state),
        _of_groups(viewer, queue),
        or_(record.c.late, record.c.due_at < viewer.now) if queue.late else true(),
        record.c.assigned_to.is_(None) if queue.whose is Whose.UNASSIGNED else true(),
        visible(viewer),
    )


def _in_state(state: str | None) -> ColumnElement[bool]:
    if state is None:
        return record.c.open
    if state == CLOSED:
        return ~record.c.open
    return record.c.open & (record.c.state == state)


def _of_groups(viewer: Viewer, queue: Queue) -> ColumnElement[bool]:
    """Process owners work on all tasks of their function, whichever group has them."""
    named = record.c.assignment_group == queue.group if queue.group else true()
    if queue.whose is Whose.MINE:
        return and_(record.c.assigned_to == viewer.person, named)
    theirs = record.c.assignment_group == _one_of(queue.groups) if queue.groups else false()
    owned = record.c.function == _one_of(queue.functions) if queue.functions else false()
    return and_(or_(theirs, owned), named)


def _one_of(values: tuple[str, ...]) -> Any:
    return any_(literal(list(values), ARRAY(Text)))


def _ordered(statement: S, order: Order) -> S:
    due = record.c.due_at.asc().nulls_last()
    match order:
        case Order.DUE:
            return statement.order_by(due, record.c.number)
        case Order.PRIORITY:
            return statement.order_by(record.c.priority, due, record.c.number)
        case Order.OPENED:
            return statement.order_by(record.c.opened_at, record.c.number)
        case Order.CHANGED:
            return statement.order_by(record.c.updated_at.desc(), record.c.number.desc())


def _behind(order: Order, after: Place) -> ColumnElement[bool]:
    match order:
        case Order.DUE:
            return _due_behind(after)
        case Order.PRIORITY:
            same = and_(record.c.priority == after.priority, _due_behind(after))
            return or_(record.c.priority > after.priority, same)
        case Order.OPENED:
            return tuple_(record.c.opened_at, record.c.number) > (after.at, after.number)
        case Order.CHANGED:
            return tuple_(record.c.updated_at, record.c.number) < (after.at, after.number)


def _due_behind(after: Place) -> ColumnElement[bool]:
    """Tasks without a due date come last."""
    undated = record.c.due_at.is_(None)
    if after.at is None:
        return and_(undated, record.c.number > after.number)
    same = and_(record.c.due_at == after.at, record.c.number > after.number)
    return or_(record.c.due_at > after.at, same, undated)


def _queued(row: Any, names: DirectoryWords, language: str) -> QueuedTask:
    fields = fields_of(row, names, language)
    about = fields.pop("about")
    return QueuedTask(RecordView(**fields), in_language(about, language) if about else "")
