"""Leave a target alone that keeps failing: its breaker is shared by all workers and seen by operators."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio.exceptions import ApplicationError

from steadydesk.connectors.breaker import (
    BreakerPhase,
    BreakerPolicy,
    BreakerState,
    admit,
    after_failure,
    after_success,
)
from steadydesk.connectors.errors import OutcomeUnknown, Unavailable
from steadydesk.records import breakers

T = TypeVar("T")

OPEN = "BreakerOpen"
"""The type of the failure that waits for the breaker; it is retried when the pause is over."""
_TRIAL = timedelta(seconds=3)

_AWAY = frozenset({Unavailable.__name__, OutcomeUnknown.__name__})


class Breakers:
    """The breakers of connectors; ``target`` is the connector's key."""

    def __init__(self, engine: AsyncEngine, policy: BreakerPolicy | None = None) -> None:
        self._engine = engine
        self._policy = policy or BreakerPolicy(trial_time=timedelta(seconds=30))

    async def call(self, target: str, send: Callable[[], Awaitable[T]]) -> T:
        """Make the call unless the breaker is open; what it raises says whether the target is away."""
        key = f"connector:{target}"
        await self._admit(key)
        try:
            result = await send()
        except ApplicationError as failed:
            await self._note(key, failed)
            raise
        await self._note(key, None)
        return result

    async def _admit(self, key: str) -> None:
        async with self._engine.begin() as connection:
            state = await _locked(connection, key)
            admission = admit(state, self._policy, _now())
            if admission.allowed and admission.state != state:
                await breakers.store(connection, key, admission.state, _now())
        if not admission.allowed:
            # A trial tells soon whether the target is back; its time limit is for one whose worker died.
            trying = admission.state.phase is BreakerPhase.HALF_OPEN
            wait = min(admission.wait, _TRIAL) if trying else admission.wait
            raise ApplicationError(f"the breaker of {key} is open", type=OPEN, next_retry_delay=wait)

    async def _note(self, key: str, failed: ApplicationError | None) -> None:
        async with self._engine.begin() as connection:
            state = await _locked(connection, key)
            if failed is not None and failed.type in _AWAY:
                # A remote's own wish to be left alone opens at once; a question about a doubt does not.
                wished = failed.next_retry_delay if failed.type == Unavailable.__name__ else None
                after = after_failure(state, self._policy, _now(), wished)
            else:
                after = after_success(state)
            if after != state:
                await breakers.store(connection, key, after, _now())


async def _locked(connection: AsyncConnection, key: str) -> BreakerState:
    """One decision at a time, so that one trial call stays one."""
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(key))))
    return await breakers.load(connection, key)


def _now() -> datetime:
    return datetime.now(UTC)
