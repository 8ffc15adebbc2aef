"""Give sight of a process outside of its own writes: in an emergency."""

from datetime import datetime

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.policies.rights import Relation
from steadydesk.records.tables.process import record, sight


async def let_see(
    connection: AsyncConnection, subject: str, number: str, why: Relation, until: datetime
) -> None:
    """``subject`` sees the process until then; a sight that is there takes the new end.

    The record is held meanwhile: a write of the process at the same moment would leave the new sight as it was before.
    """
    present = (
        select(
            literal(subject),
            record.c.number,
            literal(why.value),
            literal(until, sight.c.until.type),
            record.c.open,
            record.c.updated_at,
        )
        .where(record.c.number == number)
        .with_for_update(read=True)
    )
    statement = upsert(sight).from_select(
        ["subject", "number", "why", "until", "open", "changed_at"], present
    )
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["subject", "number", "why"],
            set_={name: statement.excluded[name] for name in ("begins_at", "until", "open", "changed_at")},
        )
    )
