"""Everything that stands about a request in its tables, as one statement."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from steadydesk.records.tables.approval import approver, as_opened, gate, vote
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.journal import audit, journal
from steadydesk.records.tables.process import process, record, sight
from steadydesk.records.tables.text import attachment, text_body
from steadydesk.records.views.asked_people import asked_people
from steadydesk.records.views.feedback import said_of
from steadydesk.records.views.json_rows import listed
from steadydesk.records.views.links import followed_parts
from steadydesk.records.views.task_outputs import output_refs
from steadydesk.records.views.visibility import Viewer, subject_matches

LATEST_STEPS = 200
"""So many of the newest audit events are on the page; the whole chain is at the API."""


def whole_request(
    viewer: Viewer, number: str, also: Mapping[str, ScalarSelect[Any]]
) -> Select[*tuple[Any, ...]]:
    """One row with everything of the process, in JSON lists, and with ``also``; none where the viewer does not see
    it.
    """
    seen = select(sight.c.number).where(sight.c.number == number, subject_matches(viewer)).exists()
    wanted = [*_parts(viewer, number), *(part.label(name) for name, part in also.items())]
    return select(*wanted).select_from(process).where(process.c.number == number, seen)


def _parts(viewer: Viewer, number: str) -> list[Any]:
    of_ours = select(gate.c.id).where(gate.c.owner == number)
    asked = asked_people(approver.c.gate.in_(of_ours)).subquery("asked")
    return [
        process.c.document,
        select(func.array_agg(sight.c.why.distinct()))
        .where(sight.c.number == number, subject_matches(viewer))
        .scalar_subquery()
        .label("relations"),
        listed(record, record.c.number, _of_process(number)).label("records"),
        listed(gate, as_opened(gate), gate.c.owner == number).label("gates"),
        listed(asked, asked.c.person).label("approvers"),
        listed(grant_register, grant_register.c.number, grant_register.c.request == number).label("grants"),
        _votes(number).label("votes"),
        _files(number).label("files"),
        _events(number).label("events"),
        _said(number).label("said"),
        said_of(viewer, number).label("feedback"),
        _answers().label("answers"),
        *(part.label(name) for name, part in followed_parts(viewer, number).items()),
    ]


def _of_process(number: str) -> ColumnElement[bool]:
    """Its own row and those of its parts, each by an index."""
    parts = (record.c.owner == number) & (record.c.number != record.c.owner)
    return or_(record.c.number == number, parts)


def _files(number: str) -> ScalarSelect[Any]:
    columns = [column for column in attachment.c if column.name != "content"]
    chosen = select(*columns).where(attachment.c.number == number).subquery("file")
    return listed(chosen, chosen.c.written_at)


def _events(number: str) -> ScalarSelect[Any]:
    newest = (
        select(audit.c.position, audit.c.at, audit.c.event, audit.c.subject, audit.c.actor, audit.c.facts)
        .where(audit.c.number == number)
        .order_by(audit.c.position.desc())
        .limit(LATEST_STEPS)
        .subquery("newest")
    )
    return listed(newest, newest.c.position)


def _said(number: str) -> ScalarSelect[Any]:
    words = (
        select(
            journal.c.id, journal.c.kind, journal.c.subject, journal.c.author, journal.c.at, text_body.c.body
        )
        .outerjoin(text_body, text_body.c.ref == journal.c.text)
        .where(journal.c.number == number)
        .subquery("words")
    )
    return listed(words, words.c.id)


def _votes(number: str) -> ScalarSelect[Any]:
    chosen = (
        select(
            vote.c.gate, vote.c.voter, vote.c.decision, vote.c.at, vote.c.seq, text_body.c.body.label("said")
        )
        .join(gate, gate.c.id == vote.c.gate)
        .outerjoin(text_body, text_body.c.ref == vote.c.comment)
        .where(gate.c.owner == number)
        .subquery("chosen")
    )
    return listed(chosen, chosen.c.at)


def _answers() -> ScalarSelect[Any]:
    """The form's answers, what tasks gave, and the note, by reference."""
    line = func.jsonb_array_elements(process.c.document["lines"]).table_valued("value", name="line")
    refs = (
        select(cast(line.c.value, JSONB)["variables"]["ref"].astext.label("ref"))
        .select_from(line)
        .correlate(process)
    )
    note = select(process.c.document["note"]["ref"].astext).correlate(process)
    pairs = func.jsonb_object_agg(text_body.c.ref, text_body.c.body)
    given = select(output_refs()).correlate(process)
    wanted = text_body.c.ref.in_(refs.union_all(note, given))
    found = func.coalesce(pairs, cast(literal("{}"), JSONB))
    statement = select(found).where(wanted, text_body.c.body.is_not(None))
    return statement.correlate(process).scalar_subquery()
