"""What somebody has filled in and not ordered yet: form values that no record refers to, swept after a day."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Text, any_, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.records import texts
from steadydesk.records.tables.text import text_body


async def put(
    connection: AsyncConnection, person: str, key: str, chosen: Mapping[str, Any], now: datetime
) -> str:
    """Keep what the person chose; its reference. The same under the same key is kept once."""
    text = texts.prepare(chosen, person)
    ref = f"t_{texts.digest_of(f'{person} {key}', chosen)[:20]}"
    await connection.execute(
        insert(text_body)
        .values(
            ref=ref,
            salt=text.salt,
            digest=text.reference.digest,
            body=chosen,
            author=person,
            number=None,
            written_at=now,
        )
        .on_conflict_do_nothing()
    )
    return ref


async def chosen_by(connection: AsyncConnection, person: str, refs: Sequence[str]) -> dict[str, Any]:
    """What the person chose, by reference; what is somebody else's, ordered or swept is missing."""
    if not refs:
        return {}
    rows = await connection.execute(
        select(text_body.c.ref, text_body.c.body).where(
            text_body.c.ref == any_(literal(list(refs), ARRAY(Text))),
            text_body.c.author == person,
            text_body.c.number.is_(None),
            text_body.c.body.is_not(None),
        )
    )
    return {row.ref: row.body for row in rows}
