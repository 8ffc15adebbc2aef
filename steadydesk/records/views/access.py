"""Who looked where they must answer for it: sensitive answers that were read, and emergencies, by record."""

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.audit_views import AccessKind, AccessView
from steadydesk.records.tables.access import break_glass, sensitive_read
from steadydesk.records.tables.text import text_body
from steadydesk.records.views.people import Names, names_of


async def reads_of(
    connection: AsyncConnection, number: str, limit: int, before: int | None = None
) -> list[tuple[int, AccessView]]:
    """Reads of sensitive answers of the process, the newest first, each with its position."""
    statement = select(sensitive_read).where(sensitive_read.c.number == number)
    if before is not None:
        statement = statement.where(sensitive_read.c.id < before)
    rows = (await connection.execute(statement.order_by(sensitive_read.c.id.desc()).limit(limit))).all()
    names = await names_of(connection, [row.person for row in rows])
    return [(row.id, _read(row, names)) for row in rows]


async def emergencies_of(connection: AsyncConnection, number: str) -> list[AccessView]:
    """Every time that the process was opened in an emergency, with the reason, the newest first."""
    rows = (
        await connection.execute(
            select(break_glass, text_body.c.body)
            .outerjoin(text_body, text_body.c.ref == break_glass.c.reason)
            .where(break_glass.c.number == number)
            .order_by(break_glass.c.at.desc(), break_glass.c.id)
        )
    ).all()
    names = await names_of(connection, [row.person for row in rows])
    return [
        AccessView(
            kind=AccessKind.BREAK_GLASS,
            person=names.of(row.person),
            method=row.method,
            at=row.at,
            reason=row.body if isinstance(row.body, str) else None,
            until=row.until,
        )
        for row in rows
    ]


def _read(row: Row[Any], names: Names) -> AccessView:
    return AccessView(
        kind=AccessKind.SENSITIVE_READ,
        person=names.of(row.person),
        method=row.method,
        at=row.at,
        task=row.task,
        fields=row.fields,
    )
