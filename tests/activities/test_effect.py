"""An effect that is verified: what was never looked at is not found wanting, however often it was tried."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.effect import UNVERIFIED, Effect
from steadydesk.connectors.errors import Refused, Unavailable
from steadydesk.connectors.protocol import (
    Check,
    ConnectorCall,
    ConnectorResult,
    Lookup,
    OperationFacts,
    Outcome,
    Verification,
)
from steadydesk.contracts.request_commands import ErrandOrder, ErrandOutcome, OutcomeKind
from steadydesk.records.engine import make_engine
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.databases import migrated_database

TRIES = 3


class Target:
    """Does everything it is told, and cannot be looked at as often as ``blind`` says."""

    def __init__(self, blind: int) -> None:
        self.blind = blind
        self.performed = 0

    def facts(self, _operation: str) -> OperationFacts:
        return OperationFacts(inputs=None, outputs=frozenset(), settles=timedelta(0))

    async def perform(self, _call: ConnectorCall) -> ConnectorResult:
        self.performed += 1
        return ConnectorResult({})

    async def verify(self, _call: ConnectorCall, _result: ConnectorResult) -> Verification:
        if self.blind:
            self.blind -= 1
            raise Unavailable("away")
        return Verification(Check.HOLDS)


class NoSecrets:
    def resolve(self, reference: str, host: str) -> SecretStr:
        raise AssertionError(f"{reference} for {host}")


@pytest.fixture(scope="module")
async def engine(postgres: EmbeddedPostgres) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(await migrated_database(postgres, "effect"))
    yield engine
    await engine.dispose()


async def attempt(engine: AsyncEngine, target: Any, key: str, number: int) -> ErrandOutcome:
    """One attempt, the ``number``-th of Temporal."""
    call = ConnectorCall("shop", "make", values={}, idempotency_key=key, secrets=NoSecrets())
    order = ErrandOrder(number="REQ0000001", key=key, attempts=TRIES)
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, attempt=number)
    return await environment.run(Effect(engine, target, call, order, verify=True).cause)


async def test_attempts_that_were_turned_away_are_no_looks(engine: AsyncEngine) -> None:
    target = Target(blind=2)
    for number in (50, 51):
        with pytest.raises(ApplicationError) as failed:
            await attempt(engine, target, "RITM0000001:make:1", number)
        assert (failed.value.type, failed.value.non_retryable) == (UNVERIFIED, False)
    assert (await attempt(engine, target, "RITM0000001:make:1", 52)).kind is OutcomeKind.DONE
    assert target.performed == 1


async def test_a_target_that_cannot_be_looked_at_is_given_up_in_the_end(engine: AsyncEngine) -> None:
    target = Target(blind=9)
    finals: list[bool] = []
    for number in range(1, TRIES + 1):
        with pytest.raises(ApplicationError) as failed:
            await attempt(engine, target, "RITM0000002:make:1", number)
        finals.append(failed.value.non_retryable)
    assert finals == [False, False, True]
    assert target.performed == 1


class Forgetful(Target):
    """Loses its answer, then says no to the same key; asked about it, it answers ``outcome``."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(blind=0)
        self.outcome = outcome

    def facts(self, _operation: str) -> OperationFacts:
        return replace(super().facts(_operation), effects=True, repeatable=True)

    async def perform(self, _call: ConnectorCall) -> ConnectorResult:
        self.performed += 1
        if self.performed == 1:
            raise Unavailable("its answer was lost", in_doubt=True)
        raise Refused("answered 409", status=409)

    async def lookup(self, _call: ConnectorCall) -> Lookup:
        return Lookup(self.outcome, ConnectorResult({}) if self.outcome is Outcome.DONE else None)


@pytest.mark.parametrize(
    ("outcome", "ends"),
    [
        (Outcome.DONE, None),
        (Outcome.NOT_DONE, "Refused"),
        (Outcome.CANNOT_TELL, "OutcomeUnknown"),
    ],
)
async def test_a_no_to_a_repeat_in_doubt_is_asked_about(
    engine: AsyncEngine, outcome: Outcome, ends: str | None
) -> None:
    target, key = Forgetful(outcome), f"RITM0000003:{outcome}:1"
    with pytest.raises(ApplicationError):
        await attempt(engine, target, key, 1)
    if ends is None:
        assert (await attempt(engine, target, key, 2)).kind is OutcomeKind.DONE
    else:
        with pytest.raises(ApplicationError) as failed:
            await attempt(engine, target, key, 2)
        assert (failed.value.type, failed.value.non_retryable) == (ends, True)
    assert target.performed == 2
