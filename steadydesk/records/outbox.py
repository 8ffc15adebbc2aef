"""The outbox: what people and webhooks are to hear, written in the transaction of what happened."""

import json
from collections.abc import Sequence

from sqlalchemy import exists, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.delivery import Message
from steadydesk.records.tables.delivery import outbox

__all__ = ["Message", "is_posted", "post"]

# One statement of one text, however many rows: it is prepared once, and costs one round trip.
_POST = text("""
    INSERT INTO outbox (id, event, number, subject, audience, facts, at)
    SELECT m.id, m.event, m.number, m.subject, m.audience, m.facts, m.at
      FROM ROWS FROM (jsonb_to_recordset(CAST(:messages AS jsonb)) AS (
             id text, event text, number text, subject text, audience jsonb, facts jsonb, at timestamptz
           )) WITH ORDINALITY AS m(id, event, number, subject, audience, facts, at, rank)
     ORDER BY m.rank
    ON CONFLICT (id) DO NOTHING
""")


async def post(connection: AsyncConnection, messages: Sequence[Message]) -> None:
    """Write the messages in their order; one that is there already stays as it is."""
    if messages:
        rows = [message.model_dump(mode="json") for message in messages]
        await connection.execute(_POST, {"messages": json.dumps(rows)})


async def is_posted(connection: AsyncConnection, identity: str) -> bool:
    """Whether a message with this id was written before, by this transaction or by an earlier one."""
    return bool(await connection.scalar(select(exists().where(outbox.c.id == identity))))
