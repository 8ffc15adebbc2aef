"""The breaker of each outside target, of connectors and deliveries alike, as operators see them."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.connectors.breaker import BreakerPhase, BreakerState
from steadydesk.records.tables.effect import breaker


async def load(connection: AsyncConnection, target: str) -> BreakerState:
    """The stored state; a target that nobody heard of is closed."""
    stored = await connection.scalar(select(breaker.c.document).where(breaker.c.target == target))
    if stored is None:
        return BreakerState()
    until = stored.get("until")
    return BreakerState(
        phase=BreakerPhase(stored["phase"]),
        failures=stored["failures"],
        openings=stored["openings"],
        until=datetime.fromisoformat(until) if until else None,
    )


async def store(connection: AsyncConnection, target: str, state: BreakerState, now: datetime) -> None:
    """Write the state; a breaker at rest leaves no row."""
    if state == BreakerState():
        await connection.execute(delete(breaker).where(breaker.c.target == target))
        return
    document = {
        "phase": state.phase.value,
        "failures": state.failures,
        "openings": state.openings,
        "until": state.until.isoformat() if state.until else None,
    }
    statement = upsert(breaker).values(target=target, document=document, updated_at=now)
    fresh = {"document": statement.excluded.document, "updated_at": statement.excluded.updated_at}
    await connection.execute(statement.on_conflict_do_update(index_elements=["target"], set_=fresh))
