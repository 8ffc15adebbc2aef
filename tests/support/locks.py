"""Whether one transaction waits for another."""

import asyncio
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def until_it_waits(engine: AsyncEngine, work: "asyncio.Task[Any]") -> None:
    """Until somebody in the database waits for a lock, or the work has ended without; the caller sees which."""
    while not work.done():
        async with engine.connect() as connection:
            if await connection.scalar(_WAITING):
                return
        await asyncio.sleep(0.01)
