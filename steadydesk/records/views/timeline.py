"""What happened to a record, in order: people's words and the process's own steps."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.audit_views import AuditView
from steadydesk.contracts.views import TimelineEntry
from steadydesk.records.tables.journal import audit, journal
from steadydesk.records.tables.text import text_body
from steadydesk.records.views.links import unseen, without
from steadydesk.records.views.people import Names, names_of
from steadydesk.records.views.visibility import Viewer


async def timeline(
    connection: AsyncConnection,
    number: str,
    limit: int,
    after: int = 0,
    *,
    viewer: Viewer,
    work_notes: bool,
    subject: str | None = None,
) -> list[TimelineEntry]:
    """Audit events from the position ``after`` on, and the words written with them, of all or about one ``subject``;
    the caller checked visibility.
    """
    steps = select(audit).where(*_about(audit, number, subject), audit.c.position > after)
    events = (await connection.execute(steps.order_by(audit.c.position).limit(limit))).all()
    kinds = ("comment", "question", "answer", *(("work_note",) if work_notes else ()))
    statement = (
        select(journal, text_body.c.body)
        .outerjoin(text_body, text_body.c.ref == journal.c.text)
        .where(*_about(journal, number, subject), journal.c.kind.in_(kinds))
        .order_by(journal.c.id)
    )
    if after and events:
        statement = statement.where(journal.c.at >= events[0].at)
    if len(events) == limit:
        # The rest comes with the steps behind these.
        statement = statement.where(journal.c.at <= events[-1].at)
    words = [] if after and not events else (await connection.execute(statement)).all()
    names = await names_of(connection, [*(row.actor for row in events), *(row.author for row in words)])
    hidden = await unseen(connection, viewer, [row.facts for row in events])
    entries = [_step(row, names, hidden) for row in events] + [_word(row, names) for row in words]
    return sorted(entries, key=lambda entry: (entry.at, entry.kind != "event"))


def _about(rows: Table, number: str, subject: str | None) -> list[ColumnElement[bool]]:
    of_number = rows.c.number == number
    return [of_number] if subject is None else [of_number, rows.c.subject == subject]


def _step(row: Row[Any], names: Names, hidden: Collection[str]) -> TimelineEntry:
    return TimelineEntry(
        id=f"{row.position}",
        at=row.at,
        kind="event",
        event=row.event,
        subject=row.subject,
        author=names.of(row.actor),
        facts=without(row.facts, hidden),
    )


def _word(row: Row[Any], names: Names) -> TimelineEntry:
    return TimelineEntry(
        id=f"j{row.id}",
        at=row.at,
        kind=row.kind,
        subject=row.subject,
        author=names.of(row.author),
        text=row.body if isinstance(row.body, str) else None,
    )


async def audit_of(
    connection: AsyncConnection, viewer: Viewer, number: str, limit: int, after: int = 0
) -> Sequence[AuditView]:
    """As the chain has them, but for the numbers of records that the viewer does not see."""
    found = await connection.execute(
        select(audit)
        .where(audit.c.number == number, audit.c.position > after)
        .order_by(audit.c.position)
        .limit(limit)
    )
    rows = [row._asdict() for row in found]
    hidden = await unseen(connection, viewer, [row["facts"] for row in rows])
    left_out = {"number", "workflow_run", "written_at"}
    return [
        AuditView.model_validate(
            {key: value for key, value in row.items() if key not in left_out}
            | {"facts": without(row["facts"], hidden)}
        )
        for row in rows
    ]
