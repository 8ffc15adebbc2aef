"""One batch of deliveries to one target: prepare, claim, send, settle, as far as the breaker lets it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.carrier import Carrier, Send, Tried, Withheld, outcome_of
from steadydesk.connectors.breaker import (
    BreakerPhase,
    BreakerPolicy,
    BreakerState,
    admit,
    after_failure,
    after_success,
)
from steadydesk.connectors.errors import ConnectorFault
from steadydesk.contracts.delivery import DeliveryState, SendDone
from steadydesk.policies.delivery import LONGEST_SEND, Outcome, Standing, after_try
from steadydesk.records import breakers, delivery

_AT_ONCE = 20
_IN_PARALLEL = 4
_SETTLE_FOR = 45.0
"""Seconds for which a result waits for the database; with the longest send it stays within the claim."""
_SETTLE_AGAIN = 0.5
_LONGEST = LONGEST_SEND + timedelta(seconds=5)
"""A carrier that does not keep its own time must not outlast the claim."""

_log = structlog.get_logger(__name__)


class Clock:
    """The workflow's time, going on while the activity runs."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._begun = time.monotonic()

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._begun)


class Batch:
    """The sending of what is due at one target, until nothing is, time is up, or the target is left alone."""

    def __init__(
        self,
        engine: AsyncEngine,
        carrier: Carrier,
        target: str,
        clock: Clock,
        *,
        policy: BreakerPolicy,
        stopping: Callable[[], bool],
    ) -> None:
        self._engine = engine
        self._carrier = carrier
        self._target = target
        self._clock = clock
        self._policy = policy
        self._stopping = stopping
        self._breaker = BreakerState()
        self._slots = asyncio.Semaphore(_IN_PARALLEL)
        self._sent = self._again = self._ended = 0

    async def run(self, seconds: float) -> SendDone:
        """Send for at most about ``seconds``; what became of it, and when to come back."""
        end = time.monotonic() + seconds
        await self._begin()
        while time.monotonic() < end and not self._stopping():
            if not await self._round():
                break
        return await self._end()

    async def _begin(self) -> None:
        async with self._engine.begin() as connection:
            self._ended += await delivery.give_up_claims(connection, self._target, self._clock())
            self._breaker = await breakers.load(connection, self._target)

    async def _round(self) -> bool:
        """Send a part of what is due; False when there is nothing, or the target is to be left alone."""
        async with self._engine.begin() as connection:
            ids = await delivery.due(connection, self._target, self._clock(), _AT_ONCE)
        if not ids or not await self._admitted():
            return False
        trial = self._breaker.phase is BreakerPhase.HALF_OPEN
        ways = await self._prepare(ids[:1] if trial else ids)
        results = await asyncio.gather(*(self._deliver(*way) for way in ways), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return True

    async def _admitted(self) -> bool:
        admission = admit(self._breaker, self._policy, self._clock())
        await self._keep(admission.state)
        return admission.allowed

    async def _keep(self, state: BreakerState) -> None:
        if state != self._breaker:
            self._breaker = state
            async with self._engine.begin() as connection:
                await breakers.store(connection, self._target, state, self._clock())

    async def _prepare(self, ids: Sequence[str]) -> list[tuple[str, Send]]:
        async with self._engine.begin() as connection:
            ways = await self._carrier.prepare(connection, ids, self._clock())
            for one in ids:
                way = ways.get(one, Withheld("its recipient is gone"))
                if isinstance(way, Withheld):
                    await delivery.withhold(connection, one, way.reason, self._clock())
                    self._ended += 1
        return [(one, way) for one, way in ways.items() if not isinstance(way, Withheld)]

    async def _deliver(self, delivery_id: str, send: Send) -> None:
        async with self._slots:
            if self._stopping() or self._breaker.phase is BreakerPhase.OPEN:
                return
            async with self._engine.begin() as connection:
                attempts = await delivery.claim(connection, delivery_id, self._clock())
            if attempts is None:
                return
            tried = await _try(send)
            standing = after_try(
                self._carrier.channel,
                tried.outcome,
                attempts=attempts,
                now=self._clock(),
                problem=tried.problem,
                retry_after=tried.retry_after,
            )
            await self._settle(delivery_id, attempts, standing)
            self._count(standing)
            await self._learn(tried)

    async def _settle(self, delivery_id: str, attempts: int, standing: Standing) -> None:
        """Write the result, also after a moment without database: a lost one is an unconfirmed mail."""
        end = time.monotonic() + _SETTLE_FOR
        while True:
            try:
                async with self._engine.begin() as connection:
                    await delivery.settle(connection, delivery_id, attempts, standing, self._clock())
            except (SQLAlchemyError, OSError):
                if time.monotonic() > end:
                    raise
                await asyncio.sleep(_SETTLE_AGAIN)
            else:
                return

    def _count(self, standing: Standing) -> None:
        if standing.state is DeliveryState.SENT:
            self._sent += 1
        elif standing.next_at is None:
            self._ended += 1
        else:
            self._again += 1

    async def _learn(self, tried: Tried) -> None:
        if tried.hurts:
            failed = after_failure(self._breaker, self._policy, self._clock(), tried.retry_after)
            await self._keep(failed)
        elif tried.outcome in (Outcome.SENT, Outcome.REFUSED):
            await self._keep(after_success(self._breaker))

    async def _end(self) -> SendDone:
        paused = self._breaker.until if self._breaker.phase is not BreakerPhase.CLOSED else None
        async with self._engine.begin() as connection:
            if paused is not None:
                self._ended += await delivery.bury_old(connection, self._target, self._clock())
            left = await delivery.left(connection, self._target)
        return SendDone(
            sent=self._sent,
            again=self._again,
            ended=self._ended,
            left=left.count,
            next_at=left.next_at,
            paused_until=paused if left.count else None,
        )


async def _try(send: Send) -> Tried:
    try:
        async with asyncio.timeout(_LONGEST.total_seconds()):
            await send()
    except TimeoutError:
        return Tried(Outcome.UNKNOWN, "no answer in time", hurts=True)
    except ConnectorFault as error:
        return outcome_of(error)
    except Exception as error:  # noqa: BLE001 - nobody knows how far it got: as good as a lost answer
        _log.exception("a carrier failed in a way that no connector does on purpose")
        return outcome_of(error)
    return Tried(Outcome.SENT)
