"""Child requests on a real server: they move with their parent's date, and none outlives its parent's cancellation."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import RequestState, StepState
from steadydesk.contracts.request_commands import ActOnTask, Cancel, ErrandOrder, Reschedule, TaskAction
from steadydesk.orchestration.requests import Sender
from steadydesk.policies.assertion import unsigned
from steadydesk.records.tables.journal import audit
from steadydesk.records.tables.process import process, reservation
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.request_catalogue import catalogue
from tests.support.request_desk import KEYRING, Desk, request_desk
from tests.support.request_worker import Works, now, replayed, until

_CHILD: dict[str, Any] = {"kind": "request", "label": "C", "item": "waiting"}
ITEMS = {
    "joiner": {
        "effective_at": "day",
        "plan": {
            "steps": {
                "follows": _CHILD,
                "named": {**_CHILD, "effective_at": {"from": "line.effective_at"}},
                "fixed": {**_CHILD, "effective_at": {"value": "2035-01-01"}},
                "dateless": {"kind": "request", "label": "D", "item": "board-any"},
            }
        },
    },
    "bundle-of-waiting": {"plan": {"steps": {"child": {**_CHILD, "effective_at": {"value": "2035-01-01"}}}}},
    "nested": {
        "effective_at": "day",
        "plan": {"steps": {"inner": {"kind": "request", "label": "I", "item": "joiner"}}},
    },
}


@pytest.fixture(scope="module")
async def module_desk(postgres: EmbeddedPostgres) -> AsyncIterator[Desk]:
    async with request_desk(postgres, "workflows_children", catalogue(ITEMS)) as desk:
        yield desk


async def children(works: Works, number: str) -> dict[str, str]:
    """The numbers of a request's children by step, once all of them are open."""

    async def opened() -> bool:
        rows = await works.desk.rows(process, process.c.number.in_((await _drawn(works, number)).values()))
        return len(rows) == len(await _drawn(works, number)) > 0

    await until(opened)
    return await _drawn(works, number)


async def _drawn(works: Works, number: str) -> dict[str, str]:
    steps = (await works.desk.line(number)).steps
    return {key: run.child for key, run in steps.items() if run.child is not None}


async def noted(works: Works, number: str, event: str) -> list[Any]:
    rows = await works.desk.rows(audit, audit.c.number == number, audit.c.event == event)
    return sorted(rows, key=lambda row: row.subject)


def day(ahead: int) -> datetime:
    return (now() + timedelta(days=ahead)).replace(hour=0, minute=0, second=0, microsecond=0)


async def reschedule(works: Works, number: str, date: datetime) -> None:
    await works.send(number, Reschedule(assertion=unsigned(), effective_at=date), "rita")


async def dates(works: Works, numbers: dict[str, str]) -> dict[str, datetime | None]:
    return {key: (await works.desk.line(number)).effective_at for key, number in numbers.items()}


# dates


async def test_children_that_follow_the_date_move_with_it_and_others_do_not(works: Works) -> None:
    number = await works.order("joiner", variables={"day": f"{day(30):%Y-%m-%d}"})
    found = await children(works, number)
    fixed = (await works.desk.line(found["fixed"])).effective_at
    for ahead in (40, 50):
        await reschedule(works, number, day(ahead))

    async def told() -> bool:
        runs = (await works.desk.line(number)).steps.values()
        return all(run.dates == run.dates_told for run in runs)

    await until(told)
    moved = await dates(works, found)
    assert moved == {"follows": day(50), "named": day(50), "fixed": fixed, "dateless": day(50)}
    assert (await works.desk.line(found["follows"])).steps["date"].wake_at == day(50)
    rescheduled = await noted(works, number, "child.rescheduled")
    assert {row.facts["child"] for row in rescheduled} == {
        found["follows"],
        found["named"],
        found["dateless"],
    }
    assert not await noted(works, found["fixed"], "line.rescheduled")
    await replayed(works, number)


async def test_telling_a_child_its_date_twice_moves_it_once(works: Works) -> None:
    number = await works.order("joiner", variables={"day": f"{day(30):%Y-%m-%d}"})
    found = await children(works, number)
    line = await works.desk.line(number)
    order = ErrandOrder(number=number, key=f"{line.number}:fixed:1:date:1")
    for _ in range(2):
        outcome = await ActivityEnvironment().run(works.staff.children.reschedule_child_request, order)
        assert outcome.problem is None
    assert not await noted(works, found["fixed"], "line.rescheduled")
    order = ErrandOrder(number=number, key=f"{line.number}:follows:1:date:1")
    async with works.desk.engine.begin() as connection:
        document = await works.desk.document(number)
        document.lines[0].effective_at = day(60)
        moved = document.model_dump(mode="json", exclude_defaults=True)
        await connection.execute(process.update().where(process.c.number == number).values(document=moved))
    for _ in range(2):
        await ActivityEnvironment().run(works.staff.children.reschedule_child_request, order)
    assert (await works.desk.line(found["follows"])).effective_at == day(60)
    assert len(await noted(works, found["follows"], "line.rescheduled")) == 1


async def test_a_child_that_has_ended_keeps_its_date_and_holds_nothing_up(works: Works) -> None:
    number = await works.order("joiner", variables={"day": f"{day(30):%Y-%m-%d}"})
    found = await children(works, number)
    # Its own end has not been heard of yet: its workflow was stopped before it told anybody.
    await works.handle(found["follows"]).terminate()
    await reschedule(works, number, day(40))

    async def settled() -> bool:
        return bool(await noted(works, number, "child.kept-date"))

    await until(settled)
    [row] = await noted(works, number, "child.kept-date")
    assert row.facts == {"child": found["follows"], "problem": "Ended"}
    assert (await works.desk.line(number)).effective_at == day(40)


async def test_a_date_moves_through_all_generations(works: Works) -> None:
    number = await works.order("nested", variables={"day": f"{day(30):%Y-%m-%d}"})
    inner = (await children(works, number))["inner"]
    grandchildren = await children(works, inner)
    await reschedule(works, number, day(40))

    async def moved() -> bool:
        return (await dates(works, grandchildren))["follows"] == day(40)

    await until(moved)


# retries


class Refusing(Sender):
    """Opens nothing, for good."""

    async def open(self, number: str, **_: Any) -> dict[str, Any]:
        raise ApplicationError(number, type="Refused", non_retryable=True)


async def test_a_retry_opens_the_child_that_was_reserved_and_no_second_one(works: Works) -> None:
    works.staff.children.sender = Refusing(works.client, KEYRING)
    number = await works.order("bundle")
    child = (await _drawn(works, number))["child"]

    async def undecided() -> bool:
        return (await works.desk.line(number)).steps["child"].state is StepState.DECIDING

    await until(undecided)
    works.staff.children.sender = works.sender
    task = await works.desk.task(number, "child")
    await works.send(
        number, ActOnTask(assertion=unsigned(), task=task.number, action=TaskAction.RETRY), "ingo"
    )
    assert await children(works, number) == {"child": child}
    # What was thought lost comes late, and finds the child that it wanted.
    await works.open(child)
    of_parent = reservation.c.order["parent"].astext == number
    assert [row.number for row in await works.desk.rows(reservation, of_parent)] == [child]

    async def complete() -> bool:
        after = (await works.desk.line(number)).steps.get("after")
        return after is not None and after.state is StepState.OPEN

    await until(complete)
    await replayed(works, number)


# cancellations


class NeverThrough(Sender):
    """The engine is away whenever a request is to be opened."""

    async def open(self, number: str, **_: Any) -> dict[str, Any]:
        raise ConnectionError(number)


async def test_a_child_whose_opening_was_stopped_is_never_opened(works: Works) -> None:
    works.staff.children.sender = NeverThrough(works.client, KEYRING)
    number = await works.order("bundle")
    child = (await _drawn(works, number))["child"]

    async def reserved() -> bool:
        return bool(await works.desk.rows(reservation, reservation.c.number == child))

    await until(reserved)
    line = await works.desk.line(number)
    await works.send(number, Cancel(assertion=unsigned()), "rita")
    assert await works.result(number) == "cancelled"
    assert not await reserved()
    [row] = await noted(works, number, "child.withdrawn")
    assert row.facts == {"child": child}
    # What comes late, from a worker that was thought dead, opens nothing either.
    with pytest.raises(WorkflowUpdateFailedError) as late:
        await works.open(child)
    assert isinstance(late.value.cause, ApplicationError)
    assert late.value.cause.type == "UnknownRecord"
    opening = ErrandOrder(number=number, key=f"{line.number}:child:1")
    with pytest.raises(ApplicationError, match="any more"):
        await ActivityEnvironment().run(works.staff.children.open_child_request, opening)
    assert not await works.desk.rows(process, process.c.number == child)
    await replayed(works, number)


async def test_an_open_child_is_cancelled_also_when_its_workflow_was_ended_by_hand(works: Works) -> None:
    number = await works.order("joiner", variables={"day": f"{day(30):%Y-%m-%d}"})
    found = await children(works, number)
    await works.handle(found["named"]).terminate()
    await works.send(number, Cancel(assertion=unsigned()), "rita")
    assert await works.result(number) == "cancelled"
    for child in found.values():
        assert (await works.desk.document(child)).state is RequestState.CANCELLED


async def test_a_child_that_opens_at_the_very_moment_of_the_cancel_is_cancelled(works: Works) -> None:
    """Again and again, at another moment of its opening each time."""
    for wait in range(8):
        number = await works.order("bundle-of-waiting")
        await asyncio.sleep(wait / 100)
        await works.send(number, Cancel(assertion=unsigned()), "rita")
        assert await works.result(number) == "cancelled"
        assert (await works.desk.line(number)).phase is Phase.CANCELLED
        for child in (await _drawn(works, number)).values():
            rows = await works.desk.rows(process, process.c.number == child)
            assert not rows or (await works.desk.document(child)).closed_at is not None
