"""Commands that people have sent, one per Idempotency-Key: asked first, and sent again until they are answered."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, Row, Text, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.kept_command import KeptCommand
from steadydesk.errors import SameKeyOtherBody
from steadydesk.records.tables.process import command_key

ANSWERED_WITHIN = timedelta(seconds=30)
"""After which a command that nobody saw answered is sent again."""
_AGAIN_AFTER = timedelta(seconds=25)
"""Longer than one sending takes, shorter than the pause of the sweep: a round that was killed costs one round."""

_PAIRS = (
    func.unnest(bindparam("holders", type_=ARRAY(Text)), bindparam("keys", type_=ARRAY(Text)))
    .table_valued("holder", "key")
    .render_derived(name="answered")
)

# Made once: every command of everybody is kept by it.
_KEEP = insert(command_key).on_conflict_do_nothing().returning(command_key.c.number)


async def kept_command(
    connection: AsyncConnection, holder: str, key: str, body_hash: str
) -> KeptCommand | None:
    """What was sent under the key before; SameKeyOtherBody when that was something else."""
    wanted = select(command_key).where(command_key.c.actor == holder, command_key.c.key == key)
    row = (await connection.execute(wanted)).one_or_none()
    if row is None:
        return None
    if row.body_hash != body_hash:
        raise SameKeyOtherBody("this Idempotency-Key was used for another request")
    return _kept(row)


async def keep_command(connection: AsyncConnection, kept: KeptCommand, body_hash: str) -> KeptCommand:
    """Keep it, unless another request was faster with the same key: then that one's is returned."""
    if await connection.scalar(_KEEP, row_of(kept, body_hash)) is not None:
        return kept
    return await first_kept(connection, kept, body_hash)


def row_of(kept: KeptCommand, body_hash: str) -> dict[str, Any]:
    """The command as a row of ``command_key``, due to be answered."""
    return {
        "actor": kept.holder,
        "key": kept.key,
        "body_hash": body_hash,
        "number": kept.number,
        "update_id": kept.update_id,
        "made_at": kept.at,
        "answer_due_at": kept.at + ANSWERED_WITHIN,
        "command": kept.model_dump(
            mode="json", include={"name", "body", "actor", "acting_for", "method", "summary"}
        ),
    }


async def first_kept(connection: AsyncConnection, late: KeptCommand, body_hash: str) -> KeptCommand:
    """What another request keeps under the key of ``late``; SameKeyOtherBody when that was something else."""
    return await kept_command(connection, late.holder, late.key, body_hash) or late


async def unanswered(connection: AsyncConnection, now: datetime, limit: int = 200) -> Sequence[KeptCommand]:
    """Take what is due to be sent again, the longest due first; it is due once more in the next round."""
    due = (
        select(command_key.c.actor, command_key.c.key)
        .where(command_key.c.answer_due_at <= now)
        .order_by(command_key.c.answer_due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    rows = await connection.execute(
        update(command_key)
        .where(command_key.c.actor == due.c.actor, command_key.c.key == due.c.key)
        .values(answer_due_at=now + _AGAIN_AFTER)
        .returning(command_key)
    )
    return sorted((_kept(row) for row in rows), key=lambda kept: kept.at)


async def mark_answered(connection: AsyncConnection, answered: Sequence[KeptCommand]) -> None:
    """Nothing needs to be sent again for these."""
    await connection.execute(
        update(command_key)
        .where(command_key.c.actor == _PAIRS.c.holder, command_key.c.key == _PAIRS.c.key)
        .values(answer_due_at=None),
        {"holders": [kept.holder for kept in answered], "keys": [kept.key for kept in answered]},
    )


async def forget_keys(connection: AsyncConnection, before: datetime) -> None:
    """Idempotency-Keys are kept for a time that no client's retries outlast."""
    await connection.execute(
        delete(command_key).where(command_key.c.made_at < before, command_key.c.answer_due_at.is_(None))
    )


def _kept(row: Row[Any]) -> KeptCommand:
    return KeptCommand(
        holder=row.actor,
        key=row.key,
        number=row.number,
        update_id=row.update_id,
        at=row.made_at,
        **row.command,
    )
