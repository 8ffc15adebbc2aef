"""Whom an order is for leaves, on a real server: the open order hears of it, takes access back at once, and ends."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from activities.people_left import word_of
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import StepState
from steadydesk.contracts.request_commands import ActOnTask, TaskAction
from steadydesk.policies.assertion import unsigned
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.process import process
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.request_catalogue import catalogue
from tests.support.request_desk import Desk, request_desk
from tests.support.request_worker import Works, replayed, until
from tests.support.requests import automated, manual

_CARD = {
    "plan": {"steps": {"card": automated(grant={"entitlement": "A card"}), "two": manual(needs=["card"])}}
}
_LEAVES = {"people_operation": "leaver", "effective_at": "day", "beneficiary": "person"}
ITEMS: dict[str, dict[str, Any]] = {
    "card": _CARD,
    "bundle-of-cards": {"plan": {"steps": {"child": {"kind": "request", "label": "C", "item": "card"}}}},
    "parting": _LEAVES | {"plan": {"steps": {"child": {"kind": "request", "label": "C", "item": "card"}}}},
}


@pytest.fixture(scope="module")
async def module_desk(postgres: EmbeddedPostgres) -> AsyncIterator[Desk]:
    async with request_desk(postgres, "workflows_holder_left", catalogue(ITEMS)) as desk:
        yield desk


async def leaves(works: Works, name: str, *numbers: str) -> None:
    """Somebody leaves, and these open processes, which the outbox names, hear of it."""
    await works.desk.leave(name)
    rows = await works.desk.rows(outbox, outbox.c.event == "person.left", outbox.c.number.in_(numbers))
    told = {row.number: row for row in rows if not row.audience}
    for number in numbers:
        await works.send(number, word_of(told[number].event, told[number].facts), "service")


async def with_card(works: Works, number: str) -> None:
    async def given() -> bool:
        return (await works.desk.line(number)).steps["card"].state is StepState.DONE

    await until(given)


async def with_child(works: Works, item: str) -> tuple[str, str]:
    """A bundle for Ralf whose child has given him a card, and the child."""
    number = await works.order(item, requested_for="ralf", variables={"day": "2026-03-02"})
    child = (await works.desk.line(number)).steps["child"].child
    assert child is not None

    async def is_open() -> bool:
        return bool(await works.desk.rows(process, process.c.number == child))

    await until(is_open)
    await with_card(works, child)
    return number, child


async def register(works: Works, number: str) -> list[str]:
    rows = await works.desk.rows(grant_register, grant_register.c.request == number)
    return [row.state for row in rows]


async def test_an_open_order_takes_back_what_it_gave_and_ends(works: Works) -> None:
    number = await works.order("card", requested_for="ralf")
    await with_card(works, number)
    await leaves(works, "ralf", number)
    assert await works.result(number) == "closed_incomplete"
    assert works.errands.called == ["card:1", "card:1:undo:1"]
    assert await register(works, number) == ["revoked"]
    await replayed(works, number)


async def test_what_is_under_way_is_taken_back_when_it_is_done(works: Works) -> None:
    release = works.errands.hold("card:1", stubborn=True)
    number = await works.order("card", requested_for="ralf")
    await until(lambda: works.errands.called == ["card:1"])
    await leaves(works, "ralf", number)
    assert (await works.desk.line(number)).phase is Phase.UNDOING
    release.set()
    assert await works.result(number) == "closed_incomplete"
    assert works.errands.called == ["card:1", "card:1:undo:1"]
    assert await register(works, number) == ["revoked"]
    await replayed(works, number)


async def test_a_process_that_is_started_again_goes_on_taking_back(works: Works) -> None:
    release = works.errands.hold("card:1:undo:1")
    number = await works.order("card", requested_for="ralf")
    await with_card(works, number)
    await leaves(works, "ralf", number)
    await until(lambda: works.errands.called == ["card:1", "card:1:undo:1"])
    await works.handle(number).terminate("by hand")
    release.set()
    await works.sender.take_up(number)
    assert await works.result(number) == "closed_incomplete"
    assert await register(works, number) == ["revoked"]


async def test_a_process_that_was_ended_hears_of_it_when_it_is_taken_up(works: Works) -> None:
    number = await works.order("card", requested_for="ralf")
    await with_card(works, number)
    await works.handle(number).terminate("by hand")
    await works.desk.leave("ralf")
    await works.sender.take_up(number)
    assert await works.result(number) == "closed_incomplete"
    assert await register(works, number) == ["revoked"]


async def test_a_child_ends_and_its_parent_hears_of_it(works: Works) -> None:
    number, child = await with_child(works, "bundle-of-cards")
    await leaves(works, "ralf", number, child)
    assert await works.result(child) == "closed_incomplete"
    assert await works.result(number) == "closed_incomplete"
    assert await register(works, child) == ["revoked"]


async def test_an_order_by_which_they_leave_goes_on_with_its_children(works: Works) -> None:
    number, child = await with_child(works, "parting")
    await leaves(works, "ralf", number, child)
    await until(lambda: works.errands.called == ["card:1", "card:1:undo:1"])
    task = await works.desk.task(child, "two")
    await works.send(
        child, ActOnTask(assertion=unsigned(), task=task.number, action=TaskAction.COMPLETE), "ingo"
    )
    assert await works.result(child) == await works.result(number) == "closed_complete"
    assert await register(works, child) == ["revoked"]
