"""A person's in-app list, and what they want to hear of how."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.events import EVENT_TYPES, event_type
from steadydesk.contracts.language import in_language
from steadydesk.contracts.notification import Notification, Preference, Preferences
from steadydesk.errors import UnknownRecord
from steadydesk.policies.message_link import message_link
from steadydesk.records.tables.approval import gate as gate_table
from steadydesk.records.tables.delivery import in_app, outbox, preference
from steadydesk.records.tables.process import record
from steadydesk.records.views.visibility import Viewer, visible

_ABOUT_NO_RECORD = [event.key for event in EVENT_TYPES.values() if not event.about_record]


async def notifications(
    connection: AsyncConnection,
    viewer: Viewer,
    public_url: str,
    *,
    limit: int,
    before: int | None = None,
    unread: bool = False,
) -> list[Notification]:
    """The newest first, from below id ``before``. What the reader may no longer see has left the list."""
    statement = _entries(viewer).limit(limit)
    if before is not None:
        statement = statement.where(in_app.c.id < before)
    if unread:
        statement = statement.where(in_app.c.read_at.is_(None))
    return [
        Notification(
            id=row.id,
            event=row.event,
            label=_label(row, viewer.language),
            number=row.number,
            title=in_language(row.short_description, viewer.language) if row.short_description else None,
            link=message_link(public_url, row.event, row.number, row.subject),
            at=row.at,
            read_at=row.read_at,
        )
        for row in await connection.execute(statement)
    ]


def _entries(viewer: Viewer) -> Select[Any]:
    """With the approval that one is about, where it is about one; the newest first."""
    return (
        select(in_app, record.c.short_description, outbox.c.subject, outbox.c.facts, gate_table.c.label)
        .outerjoin(outbox, outbox.c.id == in_app.c.outbox_id)
        .outerjoin(gate_table, gate_table.c.id == outbox.c.subject)
        .outerjoin(record, record.c.number == in_app.c.number)
        .where(in_app.c.person == viewer.person)
        .where(or_(visible(viewer), record.c.number.is_(None) & in_app.c.event.in_(_ABOUT_NO_RECORD)))
        .order_by(in_app.c.id.desc())
    )


def _label(row: Row[Any], language: str) -> str:
    """What happened, how it ended, and at which approval."""
    event = event_type(row.event)
    ended = event.outcomes.get((row.facts or {}).get("outcome", ""))
    words = in_language(ended or event.label, language)
    return f"{words}: {in_language(row.label, language)}" if row.label else words


async def mark_read(connection: AsyncConnection, person: str, entry: int, now: datetime) -> None:
    """Read now, or still since the first time. Raises UnknownRecord for what is not in the person's list."""
    mine = (in_app.c.id == entry) & (in_app.c.person == person)
    marked = await connection.execute(
        update(in_app).where(mine, in_app.c.read_at.is_(None)).values(read_at=now)
    )
    if marked.rowcount == 0 and await connection.scalar(select(in_app.c.id).where(mine)) is None:
        raise UnknownRecord("There is no such entry in your list.")


async def mark_all_read(connection: AsyncConnection, person: str, up_to: int, now: datetime) -> int:
    """The person has read everything up to this entry; how many of them were new."""
    theirs = (in_app.c.person == person) & (in_app.c.id <= up_to)
    marked = await connection.execute(
        update(in_app).where(theirs, in_app.c.read_at.is_(None)).values(read_at=now)
    )
    return marked.rowcount


async def preferences_of(connection: AsyncConnection, person: str) -> Preferences:
    """What the person said, in the order of events and channels; all else is wanted."""
    statement = (
        select(preference.c.event, preference.c.channel, preference.c.wanted)
        .where(preference.c.person == person)
        .order_by(preference.c.event, preference.c.channel)
    )
    return Preferences(
        preferences=[
            Preference(event=event, channel=channel, wanted=wanted)
            for event, channel, wanted in await connection.execute(statement)
        ]
    )


async def prefer(connection: AsyncConnection, person: str, wanted: Preferences) -> Preferences:
    """Replace all of the person's lines; of two for the same, the last counts."""
    await connection.execute(delete(preference).where(preference.c.person == person))
    lines = {(line.event, line.channel): line.wanted for line in wanted.preferences}
    rows = [
        {"person": person, "event": event, "channel": channel, "wanted": wanted}
        for (event, channel), wanted in lines.items()
    ]
    if rows:
        await connection.execute(insert(preference), rows)
    return await preferences_of(connection, person)
