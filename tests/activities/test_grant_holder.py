"""Whoever holds a grant: nobody who has left is given one, and none that begins too late stays theirs."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.errand import ErrandActivities
from activities.grant import GrantActivities
from activities.registry import GRANTS
from activities.transition import Transitions
from steadydesk.connectors.registry import Surroundings, load_registry
from steadydesk.contracts.agenda import ErrandKind
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import StepState, TaskPurpose
from steadydesk.contracts.request_commands import ErrandOrder, OutcomeKind, TaskAction
from steadydesk.egress.guard import EgressGuard
from steadydesk.records.doctor_organisation import examine_grants, holders_to_hear_of
from steadydesk.records.tables.effect import effect
from steadydesk.records.tables.grant import grant_register
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.request_catalogue import POLICIES
from tests.support.request_desk import Desk, request_desk
from tests.support.requests import automated, manual, organisation

_OWNED = {"owner": "it-owners", "review_by": "2036-01-01"}
_CONFIG = {"instruction": "Let them in.", "undo": "Keep them out."}
_GIVEN = automated(
    call={"connector": "doors", "operation": "program", "values": {}},
    undo={"call": {"connector": "doors", "operation": "block", "values": {}}},
    grant={"entitlement": "A card"},
)


@pytest.fixture(scope="module")
async def module_desk(postgres: EmbeddedPostgres) -> AsyncIterator[Desk]:
    items: dict[str, dict[str, Any]] = {
        "card": {"plan": {"steps": {"one": _GIVEN}}},
        "asking": {"plan": {"steps": {"one": _GIVEN | {"on_failure": "ask"}}}},
        "lenient": {"plan": {"steps": {"one": _GIVEN | {"on_failure": "skip"}}}},
        "key": {"plan": {"steps": {"one": manual(grant={"entitlement": "A key"})}}},
        "later": {"plan": {"steps": {"first": manual(), "one": _GIVEN | {"needs": ["first"]}}}},
    }
    connectors = {"doors": {"kind": "manual", "label": "Doors", "config": _CONFIG, **_OWNED}}
    async with request_desk(
        postgres, "grant_holder", organisation(items, POLICIES, connectors=connectors)
    ) as desk:
        yield desk


@pytest.fixture(autouse=True)
async def desk(module_desk: Desk) -> AsyncIterator[Desk]:
    yield module_desk
    await module_desk.as_at_first()


async def problem_at_the_connector(desk: Desk, number: str) -> str | None:
    (errand,) = (await desk.agenda(number)).agenda.errands
    activities = ErrandActivities(desk.engine, load_registry(), Surroundings(EgressGuard()), {})
    order = ErrandOrder(number=number, key=errand.key, attempts=5)
    with pytest.raises(ApplicationError) as failed:
        await ActivityEnvironment().run(activities.perform_step, order)
    assert failed.value.non_retryable
    assert await desk.rows(effect, effect.c.number == number) == []
    return failed.value.type


@pytest.mark.parametrize(
    ("item", "state", "phase"),
    [
        ("card", StepState.FAILED, Phase.INCOMPLETE),
        ("key", StepState.FAILED, Phase.INCOMPLETE),
        ("lenient", StepState.SKIPPED, Phase.SKIPPED),
        ("asking", StepState.DECIDING, Phase.FULFILMENT),
    ],
)
async def test_a_step_that_would_grant_to_a_leaver_fails_as_its_plan_says(
    desk: Desk, item: str, state: StepState, phase: Phase
) -> None:
    """An order by a step, for somebody who had left before: nobody orders otherwise for them."""
    await desk.leave("ralf")
    desk.now += timedelta(minutes=1)
    number = await desk.order(item, requested_for="ralf", parent="REQ0000001", parent_step="card")
    line = await desk.line(number)
    run = line.steps["one"]
    assert (run.state, run.problem, line.phase) == (state, "HolderLeft", phase)
    owed = (await desk.agenda(number)).agenda.errands
    assert [each for each in owed if each.kind is not ErrandKind.TELL] == []
    assert await desk.rows(grant_register, grant_register.c.request == number) == []


async def test_who_leaves_between_two_steps_gets_nothing_and_a_retry_asks_again(desk: Desk) -> None:
    """Before the process itself hears of it."""
    number = await desk.order("asking", requested_for="ralf")
    await desk.leave("ralf")
    assert await problem_at_the_connector(desk, number) == "HolderLeft"
    (errand,) = (await desk.agenda(number)).agenda.errands
    await desk.report(number, errand.key, OutcomeKind.FAILED, "HolderLeft")
    task = await desk.task(number, "one")
    assert task.purpose is TaskPurpose.DECIDE
    await desk.act(number, task.number, TaskAction.RETRY)
    run = (await desk.line(number)).steps["one"]
    assert (run.state, run.problem) == (StepState.DECIDING, "HolderLeft")


async def test_what_grants_nothing_goes_on_for_who_has_left(desk: Desk) -> None:
    """As what a leaver's own plan collects."""
    await desk.leave("ralf")
    desk.now += timedelta(minutes=1)
    number = await desk.order("later", requested_for="ralf", parent="REQ0000001", parent_step="card")
    assert (await desk.line(number)).steps["first"].state is StepState.OPEN


async def test_a_grant_that_begins_after_its_holder_left_is_revoked_at_once(desk: Desk) -> None:
    """The word that they left came when there was no process of the grant yet to hear it."""
    number = await desk.order("card", requested_for="ralf")
    (errand,) = (await desk.agenda(number)).agenda.errands
    await desk.report(number, errand.key, OutcomeKind.DONE)
    grant = (await desk.line(number)).steps["one"].grant
    assert grant is not None
    await desk.leave("ralf", number)
    assert await examined(desk, timedelta()) == []
    later = timedelta(minutes=1)
    assert await examined(desk, later) == [("grant", grant, True)]
    assert await to_hear(desk, grant) == {}
    grants = GrantActivities(Transitions(GRANTS, desk.engine, desk.waker))
    opened = await grants.open_grant(desk.tick(grant, "open"))
    assert [each.kind for each in opened.agenda.errands] == [ErrandKind.UNDO]
    (row,) = await desk.rows(grant_register, grant_register.c.number == grant)
    assert row.state == "revoking"
    assert await examined(desk, later) == []
    assert await to_hear(desk, grant) == {grant: desk.ids["ralf"]}


async def to_hear(desk: Desk, grant: str) -> dict[str, str]:
    """Whom the doctor's repair tells its process of, where it has one."""
    async with desk.engine.connect() as connection:
        return await holders_to_hear_of(connection, [grant])


async def examined(desk: Desk, after: timedelta) -> list[tuple[str, str, bool]]:
    async with desk.engine.connect() as connection:
        found = await examine_grants(connection, desk.now + after)
    return [(one.check, one.number, one.serious) for one in found]
