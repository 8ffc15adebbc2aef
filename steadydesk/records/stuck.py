"""The table of stuck processes: what the collector saw last, and since when."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.records.tables.process import process, stuck_process


async def keep_stuck(connection: AsyncConnection, found: Mapping[str, str], now: datetime) -> None:
    """``found`` is the problem of each stuck workflow by its id; ids of no process are left out."""
    known = set(await connection.scalars(select(process.c.number).where(process.c.number.in_(found))))
    await connection.execute(delete(stuck_process).where(stuck_process.c.number.not_in(known)))
    rows = [
        {"number": number, "problem": found[number], "since": now, "seen_at": now} for number in sorted(known)
    ]
    if rows:
        statement = upsert(stuck_process)
        changed = {"problem": statement.excluded.problem, "seen_at": statement.excluded.seen_at}
        await connection.execute(
            statement.on_conflict_do_update(index_elements=["number"], set_=changed), rows
        )
