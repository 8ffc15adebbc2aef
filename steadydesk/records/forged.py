"""Forged commands as security events."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.policies.forged import take
from steadydesk.records.security import note_security_event


async def write_down(connection: AsyncConnection, now: datetime) -> int:
    """Write what this process refused since the last call; how many."""
    found = take()
    for forgery in found:
        await note_security_event(connection, "forged-update", forgery.number, now, detail=forgery.command)
    return len(found)
