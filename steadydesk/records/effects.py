"""The ledger of outside effects: each key once, whatever is repeated, and what is known of its outcome."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.assertion import TextRef
from steadydesk.records.tables.effect import effect
from steadydesk.records.tables.text import text_body


class EffectState(StrEnum):
    SENDING = "sending"
    """Handed to the network at least once; without a word of its end, the outcome is unknown."""
    WAITING = "waiting"
    """Known not to have happened; may be sent again."""
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class LedgerEntry:
    state: EffectState
    attempts: int
    outputs: TextRef | None
    problem: str | None
    last_at: datetime
    """When it was last handed to the network, or last known of."""

    @property
    def in_doubt(self) -> bool:
        """Whether an attempt may have arrived of which nobody knows the end."""
        return self.state in (EffectState.SENDING, EffectState.UNKNOWN)


async def begin(
    connection: AsyncConnection, key: str, number: str, target: str, operation: str, now: datetime
) -> LedgerEntry | None:
    """Count an attempt; what the ledger knew before, or None where this is the first one, marked as being sent."""
    before = await find(connection, key)
    if before is not None and before.state in (EffectState.DONE, EffectState.REFUSED):
        return before
    statement = upsert(effect).values(
        key=key,
        number=number,
        target=target,
        operation=operation,
        state=EffectState.SENDING.value,
        attempts=1,
        first_at=now,
        last_at=now,
    )
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["key"], set_={"attempts": effect.c.attempts + 1})
    )
    return before


async def send_again(connection: AsyncConnection, key: str, now: datetime) -> None:
    """Mark a known effect as being sent once more."""
    await connection.execute(
        update(effect).where(effect.c.key == key).values(state=EffectState.SENDING.value, last_at=now)
    )


async def find_wanting(connection: AsyncConnection, key: str, problem: str) -> None:
    """The effect is there, but not as it should be."""
    await connection.execute(update(effect).where(effect.c.key == key).values(problem=problem))


async def count_look(connection: AsyncConnection, key: str) -> int:
    """Count a look at the effect that failed; how many have."""
    statement = update(effect).where(effect.c.key == key).values(looks=effect.c.looks + 1)
    return await connection.scalar(statement.returning(effect.c.looks)) or 0


async def find(connection: AsyncConnection, key: str) -> LedgerEntry | None:
    row = (
        await connection.execute(
            select(effect, text_body.c.digest)
            .outerjoin(text_body, text_body.c.ref == effect.c.outputs)
            .where(effect.c.key == key)
        )
    ).one_or_none()
    if row is None:
        return None
    outputs = TextRef(ref=row.outputs, digest=row.digest) if row.outputs and row.digest else None
    return LedgerEntry(EffectState(row.state), row.attempts, outputs, row.problem, row.last_at)


async def end(
    connection: AsyncConnection,
    key: str,
    state: EffectState,
    now: datetime,
    *,
    outputs: str | None = None,
    problem: str | None = None,
) -> None:
    await connection.execute(
        update(effect)
        .where(effect.c.key == key)
        .values(state=state.value, outputs=outputs, problem=problem, last_at=now)
    )
