"""A child that ends before anybody heard that it was open, and one whose opening nobody knows, when it is retried."""

from datetime import timedelta

import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from activities.child import ChildActivities
from activities.child_order import find_step
from steadydesk.contracts.agenda import Answer, ErrandKind
from steadydesk.contracts.request import StepState
from steadydesk.contracts.request_commands import ErrandOrder, OutcomeKind, Reschedule, TaskAction
from steadydesk.orchestration.requests import Sender
from steadydesk.policies.assertion import unsigned
from steadydesk.records.tables.process import record
from tests.support.request_desk import KEYRING, Desk
from tests.support.requests import NOW

K = OutcomeKind


async def reserved_child(desk: Desk) -> tuple[str, str, str]:
    """A bundle's number, line and child, which its errand is about to open."""
    number = await desk.order("bundle", effective_at=NOW + timedelta(days=3))
    line = await desk.line(number)
    child = line.steps["child"].child
    assert child is not None
    return number, line.number, child


async def undecided_child(desk: Desk) -> tuple[str, str, str]:
    """A bundle whose child got its number, and of whose opening nobody knows."""
    number, line, child = await reserved_child(desk)
    await desk.report(number, f"{line}:child:1", K.UNKNOWN, "TimedOut")
    return number, line, child


async def retried(desk: Desk, number: str) -> Answer:
    return await desk.act(number, (await desk.task(number, "child")).number, TaskAction.RETRY)


async def has_ended(desk: Desk, child: str, state: str) -> None:
    """The child's row, as its own process leaves it."""
    [row] = await desk.rows(record, record.c.number == await desk.order("simple"))
    values = {**row._asdict(), "number": child, "owner": child, "state": state, "open": False}
    async with desk.engine.begin() as connection:
        await connection.execute(record.insert().values(values))


async def test_a_child_that_may_be_open_is_retried_under_its_number_and_told_its_date(desk: Desk) -> None:
    number, line, child = await undecided_child(desk)
    moved = Reschedule(assertion=unsigned(), effective_at=NOW + timedelta(days=9))
    await desk.requests.record_effective_date(desk.write(number, moved, "rita"))
    answer = await retried(desk, number)
    assert [errand.key for errand in answer.agenda.errands] == [f"{line}:child:2"]
    assert (await desk.line(number)).steps["child"].child == child
    answer = await desk.report(number, f"{line}:child:2", K.DONE)
    assert [errand.kind for errand in answer.agenda.errands] == [ErrandKind.RESCHEDULE_CHILD]
    await desk.tell(number, "child_ended", subject=child, outcome="closed_complete")
    assert (await desk.line(number)).steps["after"].state is StepState.OPEN


@pytest.mark.parametrize("key", ["child:1", "child:1:undo:1"])
async def test_no_child_is_cancelled_that_the_plan_does_not_take_back(desk: Desk, key: str) -> None:
    """Whoever reaches the task queue can ask for it."""
    number, line, child = await reserved_child(desk)
    errand = f"{line}:{key}"
    assert find_step(await desk.document(number), errand)[1] == "child"
    nowhere = await Client.connect("127.0.0.1:1", lazy=True)
    children = ChildActivities(desk.engine, Sender(nowhere, KEYRING))
    with pytest.raises(ApplicationError, match="has no errand"):
        await children.cancel_child_request(ErrandOrder(number=number, key=errand))
    assert (await desk.line(number)).steps["child"].child == child


@pytest.mark.parametrize("state", ["cancelled", "closed_incomplete"])
async def test_a_child_that_ended_unheard_is_ordered_anew_by_a_retry(desk: Desk, state: str) -> None:
    number, _, child = await undecided_child(desk)
    await has_ended(desk, child, state)
    await retried(desk, number)
    run = (await desk.line(number)).steps["child"]
    assert run.child not in (None, child)
    await desk.tell(number, "child_ended", subject=child, outcome=state)
    assert (await desk.line(number)).steps["child"] == run


@pytest.mark.parametrize(
    ("state", "ends"),
    [
        ("closed_complete", StepState.DONE),
        ("closed_skipped", StepState.SKIPPED),
        ("cancelled", StepState.DECIDING),
    ],
)
async def test_a_child_that_ended_before_its_parent_knew_that_it_was_open_ends_the_step(
    desk: Desk, state: str, ends: StepState
) -> None:
    number, line, child = await reserved_child(desk)
    await has_ended(desk, child, state)
    await desk.tell(number, "child_ended", subject=child, outcome=state)
    assert (await desk.line(number)).steps["child"].state is StepState.RUNNING
    await desk.report(number, f"{line}:child:1", K.DONE)
    assert (await desk.line(number)).steps["child"].state is ends


async def test_a_child_that_completed_while_its_step_was_undecided_is_what_a_retry_finds(desk: Desk) -> None:
    number, line, child = await undecided_child(desk)
    await has_ended(desk, child, "closed_complete")
    await desk.tell(number, "child_ended", subject=child, outcome="closed_complete")
    await retried(desk, number)
    await desk.report(number, f"{line}:child:2", K.DONE)
    run = (await desk.line(number)).steps["child"]
    assert (run.child, run.state) == (child, StepState.DONE)
