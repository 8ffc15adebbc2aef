"""Whom an order is for leaves while it is open: access that it has given goes at once, and the line ends."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from steadydesk.contracts.agenda import ErrandKind
from steadydesk.contracts.gate import GateState
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import StepState, TaskPurpose, UndoState
from steadydesk.contracts.request_commands import OutcomeKind, TaskAction
from steadydesk.records.directory_departure import reactivate
from steadydesk.records.directory_events import installation
from steadydesk.records.doctor_organisation import examine_grants
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.journal import audit
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.request_catalogue import POLICIES
from tests.support.request_desk import Desk, request_desk
from tests.support.requests import automated, manual, organisation

_CARD = automated(grant={"entitlement": "A card"})
_MAILBOX = manual(needs=["card"], grant={"entitlement": "A mailbox"})
_LEAVES = {"people_operation": "leaver", "effective_at": "day", "beneficiary": "person"}
_WHEN = {"day": "2026-03-02"}


@pytest.fixture(scope="module")
async def module_desk(postgres: EmbeddedPostgres) -> AsyncIterator[Desk]:
    items: dict[str, dict[str, Any]] = {
        "card": {"plan": {"steps": {"card": _CARD, "hand": manual(needs=["card"]), "mailbox": _MAILBOX}}},
        "approved": {"approval": "two-stages", "plan": {"steps": {"card": _CARD}}},
        "confidential": {
            "model": "confidential",
            "plan": {"steps": {"card": _CARD, "hand": manual(needs=["card"])}},
        },
        "laptop": {"approval": "board-any", "plan": {"steps": {"hand": manual()}}},
        "parting": {**_LEAVES, "plan": {"steps": {"card": _CARD, "collect": manual()}}},
    }
    async with request_desk(postgres, "holder_left", organisation(items, POLICIES)) as desk:
        yield desk


@pytest.fixture(autouse=True)
async def desk(module_desk: Desk) -> AsyncIterator[Desk]:
    yield module_desk
    await module_desk.as_at_first()


async def errands(desk: Desk, number: str) -> list[tuple[ErrandKind, str]]:
    found = (await desk.agenda(number)).agenda.errands
    return [(one.kind, one.key.split(":", 1)[1]) for one in found]


async def performed(desk: Desk, number: str, key: str) -> None:
    line = await desk.line(number)
    await desk.report(number, f"{line.number}:{key}", OutcomeKind.DONE)


async def with_card(desk: Desk, item: str = "card", **more: Any) -> str:
    """An order for Ralf that has given him a card."""
    number = await desk.order(item, requested_for="ralf", **more)
    await performed(desk, number, "card:1")
    return number


async def register(desk: Desk, number: str) -> dict[str, str]:
    rows = await desk.rows(grant_register, grant_register.c.request == number)
    return {row.step: row.state for row in rows}


async def doctored(desk: Desk) -> list[str]:
    async with desk.engine.connect() as connection:
        return [one.number for one in await examine_grants(connection, desk.now + timedelta(hours=1))]


async def told(desk: Desk, number: str, event: str) -> list[Any]:
    return await desk.rows(outbox, outbox.c.number == number, outbox.c.event == event)


async def test_access_goes_at_once_before_what_was_done_after_it(desk: Desk) -> None:
    number = await with_card(desk)
    await desk.act(number, (await desk.task(number, "hand")).number, TaskAction.COMPLETE)
    await desk.leave("ralf", number)
    line = await desk.line(number)
    assert (line.phase, line.close_code) == (Phase.UNDOING, "holder_left")
    assert line.steps["mailbox"].state is StepState.STOPPED
    assert await errands(desk, number) == [(ErrandKind.UNDO, "card:1:undo:1")]
    assert await register(desk, number) == {"card": "revoking"}
    assert await doctored(desk) == []
    assert (await desk.line(number)).steps["hand"].undo_task is None
    await performed(desk, number, "card:1:undo:1")
    assert await register(desk, number) == {"card": "revoked"}
    task = await desk.task(number, "hand")
    assert task.purpose is TaskPurpose.UNDO
    await desk.act(number, task.number, TaskAction.COMPLETE)
    line = await desk.line(number)
    assert (line.phase, line.close_code) == (Phase.INCOMPLETE, "holder_left")
    noted = await desk.rows(audit, audit.c.number == number, audit.c.event == "holder.left")
    assert [row.subject for row in noted] == [line.number]
    [end] = await told(desk, number, "request.incomplete")
    assert {f"p:{desk.ids['rita']}", "f:it"} <= set(end.audience)
    assert "has left" in end.facts["because"]["en"]


async def test_what_a_person_takes_back_holds_up_no_other_access(desk: Desk) -> None:
    number = await with_card(desk)
    task = (await desk.line(number)).steps["mailbox"].task
    assert task is not None
    await desk.act(number, task.number, TaskAction.COMPLETE)
    await desk.leave("ralf", number)
    assert await register(desk, number) == {"card": "revoking", "mailbox": "revoking"}
    assert await errands(desk, number) == [(ErrandKind.UNDO, "card:1:undo:1")]
    assert (await desk.line(number)).steps["mailbox"].undo is UndoState.OPEN


async def test_a_step_that_is_running_is_taken_back_when_it_has_ended(desk: Desk) -> None:
    number = await desk.order("card", requested_for="ralf")
    await desk.leave("ralf", number)
    line = await desk.line(number)
    assert (await desk.agenda(number)).agenda.stopped == [f"{line.number}:card:1"]
    assert await errands(desk, number) == [(ErrandKind.PERFORM, "card:1")]
    await performed(desk, number, "card:1")
    assert await register(desk, number) == {"card": "revoking"}
    assert await errands(desk, number) == [(ErrandKind.UNDO, "card:1:undo:1")]
    await performed(desk, number, "card:1:undo:1")
    assert (await desk.line(number)).phase is Phase.INCOMPLETE


async def test_nobody_decides_any_more(desk: Desk) -> None:
    number = await desk.order("approved", requested_for="ralf")
    await desk.leave("ralf", number)
    assert (await desk.gate(f"{number}-G1")).state is GateState.CANCELLED
    assert (await desk.line(number)).close_code == "holder_left"
    [word] = await told(desk, number, "approval.cancelled")
    assert set(word.audience) == {f"p:{desk.ids[name]}" for name in ("ann", "ben", "cem")}


async def test_what_was_returned_is_not_resubmitted(desk: Desk) -> None:
    number = await desk.order("approved", requested_for="ralf")
    await desk.decide(f"{number}-G1", "rejected", "ann")
    assert (await desk.line(number)).phase is Phase.RETURNED
    await desk.leave("ralf", number)
    assert (await desk.line(number)).phase is Phase.INCOMPLETE


async def test_what_is_taken_back_to_be_returned_is_taken_back_for_good(desk: Desk) -> None:
    number = await with_card(desk)
    await desk.give_back(number)
    await desk.leave("ralf", number)
    await performed(desk, number, "card:1:undo:1")
    line = await desk.line(number)
    assert (line.phase, line.close_code) == (Phase.INCOMPLETE, "holder_left")


async def test_a_cancelled_line_takes_access_back_before_people_have_ended_their_tasks(desk: Desk) -> None:
    number = await with_card(desk)
    await desk.act(number, (await desk.task(number, "hand")).number, TaskAction.COMPLETE)
    await desk.cancel(number)
    assert await errands(desk, number) == []
    await desk.leave("ralf", number)
    assert await errands(desk, number) == [(ErrandKind.UNDO, "card:1:undo:1")]
    await performed(desk, number, "card:1:undo:1")
    await desk.act(number, (await desk.task(number, "hand")).number, TaskAction.COMPLETE)
    assert (await desk.line(number)).phase is Phase.CANCELLED


async def test_a_restricted_order_is_told_to_its_groups_alone(desk: Desk) -> None:
    number = await with_card(desk, "confidential")
    await desk.leave("ralf", number)
    await performed(desk, number, "card:1:undo:1")
    [end] = await told(desk, number, "request.incomplete")
    assert "g:confidants" in end.audience
    assert "f:it" not in end.audience


@pytest.mark.parametrize("who", ["rita", "ann"])
async def test_others_leave_and_it_goes_on(desk: Desk, who: str) -> None:
    number = await with_card(desk)
    await desk.leave(who, number)
    assert (await desk.line(number)).phase is Phase.FULFILMENT
    assert await register(desk, number) == {"card": "active"}


async def test_who_is_back_before_it_was_heard_keeps_it(desk: Desk) -> None:
    number = await with_card(desk)
    await desk.leave("ralf")
    async with desk.engine.begin() as connection:
        await reactivate(connection, desk.ids["ralf"], installation(desk.now))
    await desk.tell(number, "person_left", subject=desk.ids["ralf"])
    assert (await desk.line(number)).phase is Phase.FULFILMENT
    assert await register(desk, number) == {"card": "active"}


async def test_what_gives_no_access_goes_on(desk: Desk) -> None:
    number = await desk.order("laptop", requested_for="ralf")
    await desk.leave("ralf", number)
    assert (await desk.gate(f"{number}-G1")).is_open


async def test_an_order_by_which_they_leave_goes_on_without_the_access_that_it_gave(desk: Desk) -> None:
    number = await with_card(desk, "parting", variables=_WHEN)
    await desk.leave("ralf", number)
    assert (await desk.line(number)).phase is Phase.FULFILMENT
    assert await register(desk, number) == {"card": "revoking"}
    assert await errands(desk, number) == [(ErrandKind.UNDO, "card:1:undo:1")]
    await desk.act(number, (await desk.task(number, "collect")).number, TaskAction.COMPLETE)
    assert (await desk.line(number)).phase is Phase.FULFILMENT, "the card is being taken back"
    await performed(desk, number, "card:1:undo:1")
    assert (await desk.line(number)).phase is Phase.COMPLETE
    assert await register(desk, number) == {"card": "revoked"}
    assert await errands(desk, number) == []
