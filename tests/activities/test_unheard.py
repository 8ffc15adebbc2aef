"""What was told to a run that somebody had ended is heard when the process is taken up again."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from activities.grant import GrantActivities
from activities.registry import GRANTS
from activities.transition import Transitions
from steadydesk.contracts.request_commands import OutcomeKind, TaskAction
from steadydesk.records.directory_events import installation
from steadydesk.records.directory_groups import remove_member
from steadydesk.records.tables.grant import grant_register
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.request_catalogue import catalogue
from tests.support.request_desk import Desk, request_desk
from tests.support.requests import automated

_GIVEN = automated(grant={"entitlement": "A card"})


@pytest.fixture(scope="module")
async def module_desk(postgres: EmbeddedPostgres) -> AsyncIterator[Desk]:
    items: dict[str, dict[str, Any]] = {"card": {"plan": {"steps": {"one": _GIVEN}}}}
    async with request_desk(postgres, "unheard", catalogue(items)) as desk:
        yield desk


@pytest.fixture(autouse=True)
async def desk(module_desk: Desk) -> AsyncIterator[Desk]:
    yield module_desk
    await module_desk.as_at_first()


async def goes_on(desk: Desk, number: str) -> None:
    await desk.requests.take_up_request(desk.tick(number))


async def test_who_is_asked_and_has_left_is_replaced(desk: Desk) -> None:
    number = await desk.order("one-person")
    await desk.leave("dan")
    await goes_on(desk, number)
    assert await desk.asked(f"{number}-G1") == ["dora"]


async def test_a_task_of_who_has_left_goes_back_to_its_queue(desk: Desk) -> None:
    number = await desk.order("by-hand")
    task = (await desk.task(number, "one")).number
    await desk.act(number, task, TaskAction.START)
    await desk.leave("ingo")
    await goes_on(desk, number)
    assert (await desk.task(number, "one")).assigned_to is None


async def test_a_task_of_who_is_out_of_its_group_goes_back_to_its_queue(desk: Desk) -> None:
    number = await desk.order("by-hand")
    task = (await desk.task(number, "one")).number
    await desk.act(number, task, TaskAction.START)
    async with desk.engine.begin() as connection:
        group = (await desk.task(number, "one")).group
        await remove_member(connection, group, desk.ids["ingo"], installation(desk.now))
    await goes_on(desk, number)
    assert (await desk.task(number, "one")).assigned_to is None


async def test_an_order_of_who_has_left_is_handed_over_once(desk: Desk) -> None:
    number = await desk.order("by-hand")
    await desk.leave("rita")
    await goes_on(desk, number)
    assert (await desk.document(number)).in_their_place
    told = (await desk.events(number)).count("person.left")
    await goes_on(desk, number)
    assert (await desk.events(number)).count("person.left") == told > 0


async def test_a_grant_of_who_has_left_is_taken_back(desk: Desk) -> None:
    number = await desk.order("card", requested_for="ralf")
    line = await desk.line(number)
    await desk.report(number, f"{line.number}:one:1", OutcomeKind.DONE)
    grant = (await desk.line(number)).steps["one"].grant
    assert grant is not None
    activities = GrantActivities(Transitions(GRANTS, desk.engine, desk.waker))
    await activities.open_grant(desk.tick(grant, "open"))
    await desk.leave("ralf")
    answer = await activities.take_up_grant(desk.tick(grant))
    assert len(answer.agenda.errands) == 1
    [row] = await desk.rows(grant_register, grant_register.c.number == grant)
    assert row.state == "revoking"
