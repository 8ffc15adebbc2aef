"""Give sight of a process outside of its own writes: in an emergency."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.records.tables.process import sight


async def let_see(connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    """Rows of subject, number, why, begins_at, until; a sight that is there takes the new times."""
    if not rows:
        return
    statement = upsert(sight)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["subject", "number", "why"],
            set_={"begins_at": statement.excluded.begins_at, "until": statement.excluded.until},
        ),
        rows,
    )
