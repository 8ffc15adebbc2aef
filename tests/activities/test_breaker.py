from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError

from activities.breaker import OPEN, Breakers
from steadydesk.connectors.breaker import BreakerPhase, BreakerPolicy
from steadydesk.records import breakers
from steadydesk.records.engine import make_engine
from steadydesk.records.tables.effect import breaker

_POLICY = BreakerPolicy(failures=2, pause=timedelta(milliseconds=300))


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(database_url)
    yield made
    async with made.begin() as connection:
        await connection.execute(delete(breaker))
    await made.dispose()


async def away() -> None:
    raise ApplicationError("away", type="Unavailable")


async def refused() -> None:
    raise ApplicationError("no", type="Refused", non_retryable=True)


async def fine() -> str:
    return "fine"


async def failure_of(one: Breakers, send: Callable[[], Awaitable[object]]) -> str | None:
    with pytest.raises(ApplicationError) as failed:
        await one.call("cloud", send)
    return failed.value.type


async def test_it_opens_after_failures_in_a_row_and_lets_one_trial_through(engine: AsyncEngine) -> None:
    one = Breakers(engine, _POLICY)
    assert [await failure_of(one, away) for _ in range(3)] == ["Unavailable", "Unavailable", OPEN]
    async with engine.connect() as connection:
        assert (await breakers.load(connection, "connector:cloud")).phase is BreakerPhase.OPEN
    assert await one.call("directory", fine) == "fine", "each target has its own"


async def test_it_closes_when_the_trial_succeeds(engine: AsyncEngine) -> None:
    patient = Breakers(engine, BreakerPolicy(failures=1, pause=timedelta(0)))
    assert await failure_of(patient, away) == "Unavailable"
    assert await patient.call("cloud", fine) == "fine"
    async with engine.connect() as connection:
        assert (await breakers.load(connection, "connector:cloud")).phase is BreakerPhase.CLOSED


async def test_a_refusal_says_that_the_target_lives(engine: AsyncEngine) -> None:
    one = Breakers(engine, _POLICY)
    await failure_of(one, away)
    assert await failure_of(one, refused) == "Refused"
    assert await failure_of(one, away) == "Unavailable"
    assert await one.call("cloud", fine) == "fine", "the row of failures was broken"


async def test_the_waiting_failure_says_until_when(engine: AsyncEngine) -> None:
    one = Breakers(engine, BreakerPolicy(failures=1, pause=timedelta(minutes=5)))
    await failure_of(one, away)
    with pytest.raises(ApplicationError) as failed:
        await one.call("cloud", fine)
    assert failed.value.next_retry_delay is not None
    assert failed.value.next_retry_delay > timedelta(minutes=4)
    assert not failed.value.non_retryable
