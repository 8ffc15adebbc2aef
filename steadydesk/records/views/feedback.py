"""Suggestions and complaints, by the one predicate of who reads them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, and_, exists, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from steadydesk.contracts.feedback import Answerer, FeedbackKind, FeedbackView
from steadydesk.records.engine import plan_anew
from steadydesk.records.tables.text import text_body
from steadydesk.records.tables.voice import feedback
from steadydesk.records.views.directory_words import DirectoryWords, directory_words
from steadydesk.records.views.json_rows import listed
from steadydesk.records.views.visibility import Viewer, is_open_about, sees


def readable(viewer: Viewer) -> ColumnElement[bool]:
    """Rows that are the viewer's to read, in their own name: sight of the record neither gives nor takes that, but
    nobody reads of a record that keeps silent about them.
    """
    own = literal(list(viewer.own), ARRAY(Text))
    return and_(feedback.c.readers.overlap(own), is_open_about(viewer, feedback.c.owner))


def answers_for_some(viewer: Viewer) -> ColumnElement[bool]:
    """Whether others said something that the viewer reads."""
    theirs = (readable(viewer), feedback.c.person != viewer.person)
    return exists(select(feedback.c.id).where(*theirs))


async def list_feedback(
    connection: AsyncConnection,
    viewer: Viewer,
    *,
    limit: int,
    kind: FeedbackKind | None = None,
    before: tuple[datetime, str] | None = None,
) -> list[FeedbackView]:
    """The newest first, from below (at, id)."""
    statement = _rows(viewer).order_by(feedback.c.at.desc(), feedback.c.id.desc()).limit(limit)
    if kind is not None:
        statement = statement.where(feedback.c.kind == kind.value)
    if before is not None:
        statement = statement.where(tuple_(feedback.c.at, feedback.c.id) < tuple_(*before))
    await plan_anew(connection)
    return await _views(connection, (await connection.execute(statement)).all())


async def find_feedback(connection: AsyncConnection, viewer: Viewer, identity: str) -> FeedbackView | None:
    """None for what does not exist and for what is not the viewer's to read."""
    found = (await connection.execute(_rows(viewer).where(feedback.c.id == identity))).all()
    return next(iter(await _views(connection, found)), None)


def said_of(viewer: Viewer, process: str) -> ScalarSelect[Any]:
    """What the viewer said of the process themselves, in order, without the words."""
    columns = (feedback.c.id, feedback.c.kind, feedback.c.at, feedback.c.answers)
    own = select(*columns).where(feedback.c.owner == process, feedback.c.person == viewer.person)
    said = own.subquery("own_feedback")
    return listed(said, (said.c.at, said.c.id))


@dataclass(frozen=True)
class OwnFeedback:
    """What the reader said themselves, and who answers for it."""

    id: str
    kind: FeedbackKind
    at: datetime
    answers: list[Answerer]

    @classmethod
    def of(cls, row: Mapping[str, Any], names: DirectoryWords) -> "OwnFeedback":
        """From a row of ``said_of``."""
        at = datetime.fromisoformat(row["at"])
        return cls(row["id"], FeedbackKind(row["kind"]), at, answerers(row["answers"], names))


def keys_in(answers: Iterable[str], prefix: str) -> list[str]:
    """The keys of the groups (``g:``), functions (``f:``) or people (``p:``) among subjects."""
    return [subject.removeprefix(prefix) for subject in answers if subject.startswith(prefix)]


def answerers(answers: Iterable[str], names: DirectoryWords) -> list[Answerer]:
    return [Answerer(subject=subject, name=_name(subject, names)) for subject in answers]


def _name(subject: str, names: DirectoryWords) -> str:
    prefix, _, key = subject.partition(":")
    return {"g": names.group, "p": lambda one: names.of(one).name}.get(prefix, str)(key)


def _rows(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    columns = (feedback, text_body.c.body, sees(viewer, feedback.c.owner).label("visible"))
    return select(*columns).outerjoin(text_body, text_body.c.ref == feedback.c.text).where(readable(viewer))


async def _views(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[FeedbackView]:
    answering = [subject for row in rows for subject in row.answers]
    people = [*(row.person for row in rows), *keys_in(answering, "p:")]
    names = await directory_words(connection, people, keys_in(answering, "g:"))
    return [
        FeedbackView(
            id=row.id,
            kind=row.kind,
            number=row.number,
            visible=row.visible,
            function=row.function,
            person=names.of(row.person),
            text=row.body if isinstance(row.body, str) else None,
            at=row.at,
            answers=answerers(row.answers, names),
        )
        for row in rows
    ]
