"""A cancelled errand ends with whatever its latest attempt met; the ledger says whether something may stand outside."""

from collections.abc import AsyncIterator

import pytest

from steadydesk.contracts.request import StepState, UndoState
from steadydesk.contracts.request_commands import OutcomeKind
from steadydesk.records import effects
from steadydesk.records.effects import EffectState
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.request_catalogue import catalogue
from tests.support.request_desk import Desk, request_desk


@pytest.fixture(scope="module")
async def desk(postgres: EmbeddedPostgres) -> AsyncIterator[Desk]:
    async with request_desk(postgres, "faults_ledger_decides", catalogue()) as desk:
        yield desk


async def cancelled_after(desk: Desk, state: EffectState | None) -> tuple[str, str]:
    """An order cancelled while its step ran, whose last attempt was turned away, with the ledger in `state`."""
    number = await desk.order("asking", variables={"until": "2026-06-01"})
    errand = f"{(await desk.line(number)).number}:one:1"
    if state is not None:
        async with desk.engine.begin() as connection:
            await effects.begin(connection, errand, number, "outside", "make", desk.now)
            await effects.end(connection, errand, state, desk.now)
    await desk.cancel(number)
    return number, errand


@pytest.mark.parametrize("state", [EffectState.SENDING, EffectState.UNKNOWN, EffectState.DONE])
async def test_what_may_stand_is_taken_back(desk: Desk, state: EffectState) -> None:
    number, errand = await cancelled_after(desk, state)
    await desk.report(number, errand, OutcomeKind.FAILED, "BreakerOpen")
    run = (await desk.line(number)).steps["one"]
    assert run.state is StepState.FAILED
    assert run.undo in (UndoState.RUNNING, UndoState.OPEN)
    assert run.problem == "OutcomeUnknown"


@pytest.mark.parametrize("state", [EffectState.WAITING, EffectState.REFUSED, None])
async def test_what_never_happened_is_left_alone(desk: Desk, state: EffectState | None) -> None:
    number, errand = await cancelled_after(desk, state)
    await desk.report(number, errand, OutcomeKind.FAILED, "BreakerOpen")
    run = (await desk.line(number)).steps["one"]
    assert run.undo is None
    assert run.problem == "BreakerOpen"
