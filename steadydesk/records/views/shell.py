"""What stands on every page of the portal."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.events import EVENT_TYPES
from steadydesk.records.tables.delivery import in_app
from steadydesk.records.tables.process import record
from steadydesk.records.views.feedback import answers_for_some
from steadydesk.records.views.visibility import Viewer, visible

MOST_COUNTED = 99
"""More are "99+": nobody needs the exact number."""

_LOOKED_THROUGH = 500
_ABOUT_NO_RECORD = [event.key for event in EVENT_TYPES.values() if not event.about_record]


@dataclass(frozen=True)
class Shell:
    """``unread``: how many entries of the viewer's list they have not read, of what they may still see; at most
    ``MOST_COUNTED`` + 1, and only among the newest. ``has_feedback``: whether others said something to them.
    """

    unread: int = 0
    has_feedback: bool = False


async def shell_of(connection: AsyncConnection, viewer: Viewer) -> Shell:
    newest = (
        select(in_app.c.number, in_app.c.event, in_app.c.read_at)
        .where(in_app.c.person == viewer.person)
        .order_by(in_app.c.id.desc())
        .limit(_LOOKED_THROUGH)
        .subquery()
    )
    seen = or_(visible(viewer), record.c.number.is_(None) & newest.c.event.in_(_ABOUT_NO_RECORD))
    capped = (
        select(newest.c.number)
        .outerjoin(record, record.c.number == newest.c.number)
        .where(newest.c.read_at.is_(None), seen)
        .limit(MOST_COUNTED + 1)
        .subquery()
    )
    unread = select(func.count()).select_from(capped).scalar_subquery()
    return Shell(*(await connection.execute(select(unread, answers_for_some(viewer)))).one())
