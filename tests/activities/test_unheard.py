"""What no process could be told is heard when it is opened, or taken up again."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from activities.grant import GrantActivities
from activities.registry import GRANTS
from activities.transition import Transitions
from steadydesk.contracts.request_commands import Open, OutcomeKind, TaskAction
from steadydesk.policies.assertion import unsigned
from steadydesk.policies.plan import HOLDER_LEFT
from steadydesk.records.directory_departure import reactivate
from steadydesk.records.directory_events import installation
from steadydesk.records.directory_groups import remove_member
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.journal import audit
from steadydesk.records.tables.process import reservation
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.request_catalogue import catalogue
from tests.support.request_desk import Desk, request_desk
from tests.support.requests import automated
from tests.support.statements import statements

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


async def opened(desk: Desk, number: str) -> None:
    write = desk.write(number, Open(assertion=unsigned()), "rita", step="u:open")
    await desk.requests.open_request(write)


async def test_an_order_for_who_leaves_before_it_is_opened_is_taken_back(desk: Desk) -> None:
    number = await desk.reserve("card", requested_for="ralf")
    await desk.leave("ralf")
    await opened(desk, number)
    line = await desk.line(number)
    assert (line.close_code, line.is_open) == (HOLDER_LEFT, False)
    assert line.steps == {}


async def test_an_order_of_who_leaves_before_it_is_opened_is_handed_over(desk: Desk) -> None:
    number = await desk.reserve("by-hand", requested_for="ralf")
    await desk.leave("rita")
    await opened(desk, number)
    assert (await desk.document(number)).in_their_place
    assert (await desk.line(number)).is_open


async def told(desk: Desk, number: str) -> list[list[str]]:
    """The people of each message that somebody left; the one to the process itself has none."""
    rows = await desk.rows(outbox, outbox.c.number == number, outbox.c.event == "person.left")
    return [row.audience for row in rows if row.audience]


@pytest.mark.parametrize(("leaver", "noted"), [("rita", "requester.left"), ("ralf", "beneficiary.left")])
async def test_a_departure_that_the_opening_heard_is_told_once(desk: Desk, leaver: str, noted: str) -> None:
    """The directory's message was written before the order was open, and comes after."""
    number = await desk.reserve("by-hand", requested_for="ralf")
    await desk.leave(leaver)
    await opened(desk, number)
    await desk.tell(number, "person_left", subject=desk.ids[leaver])
    assert len(await told(desk, number)) == 1
    assert [one.event for one in await desk.rows(audit, audit.c.number == number)].count(noted) == 1


async def test_whoever_leaves_again_is_told_again(desk: Desk) -> None:
    number = await desk.order("by-hand", requested_for="ralf")
    for _ in range(2):
        await desk.leave("ralf", number)
        desk.now += timedelta(minutes=1)
        async with desk.engine.begin() as connection:
            await reactivate(connection, desk.ids["ralf"], installation(desk.now))
    assert len(await told(desk, number)) == 2


async def test_whoever_has_left_for_long_is_given_what_the_plan_by_which_they_left_orders(desk: Desk) -> None:
    """Nobody hears again that they left: the order that orders has heard it."""
    await desk.leave("ralf")
    desk.now += timedelta(minutes=1)
    number = await desk.order("by-hand", requested_for="ralf", parent="REQ0000001", parent_step="one")
    assert "person.left" not in await desk.events(number)


async def test_an_order_for_somebody_whom_the_directory_does_not_know_is_opened(desk: Desk) -> None:
    number = await desk.reserve("by-hand")
    of_it = reservation.c.number == number
    async with desk.engine.begin() as connection:
        order = (await connection.execute(select(reservation.c.order).where(of_it))).scalar_one()
        items = [one | {"requested_for": "p_joins_later"} for one in order["items"]]
        whole = order | {"items": items, "requested_for": "p_joins_later"}
        await connection.execute(update(reservation).where(of_it).values(order=whole))
    await opened(desk, number)
    assert "person.left" not in await desk.events(number)


async def test_an_order_asks_nothing_more_of_the_directory(desk: Desk) -> None:
    """The statement that reads the order says who has left."""
    number = await desk.reserve("by-hand")
    with statements(desk.engine.sync_engine) as sent:
        await opened(desk, number)
    of_people = [one for one, _ in sent if re.search(r"\bFROM person\b", one)]
    assert [one.split()[0] for one in of_people] == ["UPDATE"]
