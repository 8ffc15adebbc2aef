"""An item that was approved in advance until a day: after it nothing begins, and nothing is left waiting."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from steadydesk.contracts.process_model import Phase
from steadydesk.records import configuration
from steadydesk.records.directory_events import installation
from steadydesk.records.doctor_organisation import examine_organisation
from steadydesk.records.tables.delivery import outbox
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.request_catalogue import catalogue
from tests.support.request_desk import Desk, request_desk
from tests.support.requests import manual, resolved

LAST_DAY = date(2026, 3, 31)
STILL = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
OVER = STILL + timedelta(hours=1)


def items(until: date, **more: Any) -> Any:
    advance = {"by": "board", "until": until.isoformat()}
    return catalogue({"in-advance": {"plan": {"steps": {"one": manual()}}, "pre_approved": advance, **more}})


@pytest.fixture
async def desk(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with request_desk(postgres, request.node.name[:60], items(LAST_DAY)) as ready:
        yield ready


async def phase_at(desk: Desk, now: datetime) -> tuple[Phase, str | None]:
    desk.now = now
    line = await desk.line(await desk.order("in-advance"))
    return line.phase, line.close_code


async def notes(desk: Desk, now: datetime) -> list[str]:
    async with desk.engine.connect() as connection:
        found = await examine_organisation(connection, now)
    assert not any(one.serious for one in found if one.check == "pre-approval")
    return [one.words for one in found if (one.check, one.number) == ("pre-approval", "in-advance")]


async def test_after_its_last_day_an_order_is_closed_and_nothing_is_done(desk: Desk) -> None:
    assert await phase_at(desk, STILL) == (Phase.FULFILMENT, None)
    desk.now = OVER
    number = await desk.order("in-advance")
    document = await desk.document(number)
    (line,) = document.lines
    assert (line.phase, line.close_code, document.state.value) == (
        Phase.REJECTED,
        "pre_approval_ended",
        "closed_incomplete",
    )
    assert all(run.task is None for run in line.steps.values())
    told = await desk.rows(outbox, outbox.c.event == "request.rejected", outbox.c.number == number)
    assert [row.facts["close_code"] for row in told] == ["pre_approval_ended"]
    because = told[0].facts["because"]
    assert "board had approved it in advance until 31 Mar 2026" in because["en"]
    assert "Order it again when" in because["en"]
    assert "31. März 2026" in because["de"]
    assert await desk.symptoms() == []


async def test_a_renewal_in_force_counts_for_orders_of_an_older_version(desk: Desk) -> None:
    async with desk.engine.begin() as connection:
        renewed = resolved(items(date(2027, 3, 31)))
        await configuration.propose(connection, renewed, "renewed", installation(OVER))
    assert await phase_at(desk, OVER) == (Phase.FULFILMENT, None)


async def test_a_policy_that_has_replaced_it_is_not_passed_by(desk: Desk) -> None:
    async with desk.engine.begin() as connection:
        asked = resolved(items(LAST_DAY, approval="board-any", pre_approved=None))
        await configuration.propose(connection, asked, "asked now", installation(OVER))
    assert await phase_at(desk, OVER) == (Phase.REJECTED, "pre_approval_ended")


async def test_the_doctor_notes_what_ends_soon_and_what_has_ended(desk: Desk) -> None:
    assert await notes(desk, STILL - timedelta(days=31)) == []
    said = "approved in advance by board until 2026-03-31"
    assert await notes(desk, STILL - timedelta(days=30)) == [f"can soon not be ordered any more: {said}"]
    assert await notes(desk, OVER) == [f"cannot be ordered any more: {said}"]
