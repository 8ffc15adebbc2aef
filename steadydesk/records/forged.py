"""Forged commands as security events."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.audit_views import SecurityEventKind
from steadydesk.policies.forged import take
from steadydesk.records.security import note_security_event


async def write_down(connection: AsyncConnection, now: datetime) -> int:
    """Write what this process refused since the last call; how many."""
    found = take()
    for forgery in found:
        kind = SecurityEventKind.FORGED_UPDATE
        await note_security_event(connection, kind, forgery.number, now, detail=forgery.command)
    return len(found)
