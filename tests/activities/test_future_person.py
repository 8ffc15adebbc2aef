"""Something is ordered for somebody who is not in the directory yet: they keep it when whoever ordered it leaves."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.child_order import ChildOrder, process_of, reserve
from activities.errand import ErrandActivities
from activities.grant import GrantActivities
from activities.registry import GRANTS
from activities.transition import Transitions
from steadydesk.connectors.registry import Surroundings, load_registry
from steadydesk.contracts.agenda import ErrandKind
from steadydesk.contracts.grant import GrantProcess, GrantState
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import StepState
from steadydesk.contracts.request_commands import ErrandOrder, Open, OutcomeKind, TellRequest
from steadydesk.egress.guard import EgressGuard
from steadydesk.policies.assertion import unsigned
from steadydesk.policies.errands import perform_key
from steadydesk.records import configuration
from steadydesk.records.directory_departure import deactivate
from steadydesk.records.directory_events import installation
from steadydesk.records.doctor_organisation import examine_grants
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.process import process as process_table
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.locks import until_it_waits
from tests.support.request_catalogue import POLICIES
from tests.support.request_desk import Desk, request_desk
from tests.support.requests import automated, manual, organisation

_OWNED = {"owner": "it-owners", "review_by": "2036-01-01"}
_CONFIG = {"instruction": "Let them in.", "undo": "Keep them out."}
_CARD = automated(
    call={"connector": "doors", "operation": "program", "values": {}},
    undo={"call": {"connector": "doors", "operation": "block", "values": {}}},
    grant={"entitlement": "A card"},
)
_PERSON = {"kind": "person", "label": "Who", "future_person": True}
_FOR = {"form": {"fields": {"who": _PERSON}}, "beneficiary": "who"}
_FUTURE = {"who": {"name": "Nora New"}}


@pytest.fixture(scope="module")
async def module_desk(postgres: EmbeddedPostgres) -> AsyncIterator[Desk]:
    child = {"kind": "request", "label": "Key", "item": "key", "needs": ["card"]}
    items: dict[str, dict[str, Any]] = {
        "key": {"plan": {"steps": {"card": _CARD}}},
        "card": {**_FOR, "plan": {"steps": {"card": _CARD}}},
        "confidential": {**_FOR, "model": "confidential", "plan": {"steps": {"card": _CARD}}},
        "joiner": {**_FOR, "plan": {"steps": {"card": _CARD, "key": child, "mailbox": _later("card")}}},
        "approved": {**_FOR, "approval": "board-any", "plan": {"steps": {"card": _CARD}}},
    }
    connectors = {"doors": {"kind": "manual", "label": "Doors", "config": _CONFIG, **_OWNED}}
    what = organisation(items, POLICIES, connectors=connectors)
    async with request_desk(postgres, "future_person", what) as desk:
        yield desk


def _later(needs: str) -> dict[str, Any]:
    return manual(needs=[needs], grant={"entitlement": "A mailbox"})


@pytest.fixture(autouse=True)
async def desk(module_desk: Desk) -> AsyncIterator[Desk]:
    yield module_desk
    await module_desk.as_at_first()


async def performed(desk: Desk, number: str, step: str = "card") -> str:
    """The grant of a step that has been done."""
    await desk.report(number, perform_key(await desk.line(number), step), OutcomeKind.DONE)
    grant = (await desk.line(number)).steps[step].grant
    assert grant is not None
    return grant


async def doctored(desk: Desk) -> list[str]:
    async with desk.engine.connect() as connection:
        return [one.number for one in await examine_grants(connection, desk.now + timedelta(hours=1))]


async def register(desk: Desk, number: str) -> dict[str, str]:
    rows = await desk.rows(grant_register, grant_register.c.request == number)
    return {row.step: row.state for row in rows}


def grants_of(desk: Desk) -> GrantActivities:
    return GrantActivities(Transitions(GRANTS, desk.engine, desk.waker))


async def document(desk: Desk, grant: str) -> GrantProcess:
    async with desk.engine.connect() as connection:
        kept = select(process_table.c.document).where(process_table.c.number == grant)
        return GrantProcess.model_validate(await connection.scalar(kept))


async def at_the_connector(desk: Desk, number: str) -> OutcomeKind | str | None:
    """What becomes of the errand that is owed: its outcome, or the type of its failure."""
    (errand,) = [one for one in (await desk.agenda(number)).agenda.errands if ":card:" in one.key]
    activities = ErrandActivities(desk.engine, load_registry(), Surroundings(EgressGuard()), {})
    order = ErrandOrder(number=number, key=errand.key, attempts=5)
    try:
        return (await ActivityEnvironment().run(activities.perform_step, order)).kind
    except ApplicationError as failed:
        return failed.type


@pytest.mark.parametrize(
    ("variables", "phase", "states"),
    [
        (_FUTURE, Phase.FULFILMENT, {"card": "active"}),
        ({}, Phase.UNDOING, {"card": "revoking"}),
    ],
)
async def test_an_open_order_goes_on_with_who_acts_for_the_requester(
    desk: Desk, variables: dict[str, Any], phase: Phase, states: dict[str, str]
) -> None:
    """What is ordered for oneself is taken back as ever."""
    number = await desk.order("joiner", variables=variables)
    await performed(desk, number)
    await desk.leave("rita", number)
    found = await desk.document(number)
    assert (found.lines[0].phase, await register(desk, number)) == (phase, states)
    assert found.in_their_place == [f"p:{desk.ids['mona']}"]
    assert await doctored(desk) == []


@pytest.mark.parametrize(("variables", "outcome"), [(_FUTURE, OutcomeKind.NEEDS_PERSON), ({}, "HolderLeft")])
async def test_a_step_still_gives_it_before_the_process_heard(
    desk: Desk, variables: dict[str, Any], outcome: str
) -> None:
    number = await desk.order("card", variables=variables)
    await desk.leave("rita")
    assert await at_the_connector(desk, number) == outcome


async def test_a_step_that_begins_later_gives_it_too(desk: Desk) -> None:
    number = await desk.order("joiner", variables=_FUTURE)
    await desk.leave("rita", number)
    await performed(desk, number)
    run = (await desk.line(number)).steps["mailbox"]
    assert (run.state, run.problem) == (StepState.OPEN, None)
    assert await doctored(desk) == []


@pytest.mark.parametrize("item", ["card", "confidential"])
@pytest.mark.parametrize("heard", [True, False])
async def test_what_an_ended_order_gave_for_good_stays(desk: Desk, item: str, *, heard: bool) -> None:
    """Whether its process hears that they leave, or begins after they left, or is taken up again."""
    number = await desk.order(item, variables=_FUTURE)
    grant = await performed(desk, number)
    if not heard:
        await desk.leave("rita")
    await grants_of(desk).open_grant(desk.tick(grant, "open"))
    if heard:
        await desk.leave("rita")
        word = TellRequest(assertion=unsigned(), event="person_left", subject=desk.ids["rita"])
        await grants_of(desk).record_grant_message(desk.write(grant, word, "service"))
    await grants_of(desk).take_up_grant(desk.tick(grant))
    found = await document(desk, grant)
    acting = "g:confidants" if item == "confidential" else f"p:{desk.ids['mona']}"
    assert (found.state, found.in_their_place) == (GrantState.ACTIVE, [acting])
    assert await register(desk, number) == {"card": "active"}
    assert await doctored(desk) == []


async def test_what_they_have_goes_to_no_manager_who_is_just_leaving(desk: Desk) -> None:
    """Their departure has not found the grant: nobody would act for whom ordered it."""
    grant = await performed(desk, await desk.order("card", variables=_FUTURE))
    await grants_of(desk).open_grant(desk.tick(grant, "open"))
    await desk.leave("rita")
    word = TellRequest(assertion=unsigned(), event="person_left", subject=desk.ids["rita"])
    async with desk.engine.begin() as connection:
        await deactivate(connection, desk.ids["mona"], installation(desk.now))
        telling = grants_of(desk).record_grant_message(desk.write(grant, word, "service"))
        hearing = asyncio.create_task(telling)
        await until_it_waits(desk.owner, hearing)
    await hearing
    assert (await document(desk, grant)).in_their_place == [f"p:{desk.ids['dora']}"]


async def test_a_child_order_goes_on_too(desk: Desk) -> None:
    parent = await desk.order("joiner", variables=_FUTURE)
    await performed(desk, parent)
    child = await opened_child(desk, parent)
    await desk.leave("rita", parent, child)
    await performed(desk, child)
    assert await register(desk, child) == {"card": "active"}
    assert await doctored(desk) == []


async def opened_child(desk: Desk, parent: str) -> str:
    async with desk.engine.begin() as connection:
        process = await process_of(connection, parent)
        line = process.lines[0]
        organisation = (await configuration.get(connection, process.configuration)).organisation
        step = organisation.catalog[line.item].plan.steps["key"]
        ordered = ChildOrder(process, line, "key", step, "Europe/Berlin")
        await reserve(connection, ordered, desk.now)
    await desk.requests.open_request(
        desk.write(ordered.child, Open(assertion=unsigned()), "rita", step="u:open")
    )
    return ordered.child


@pytest.mark.parametrize(
    ("first", "then", "phase"),
    [(_FUTURE, {"who": "rita"}, Phase.INCOMPLETE), ({"who": "rita"}, _FUTURE, Phase.APPROVAL)],
)
async def test_a_resubmission_says_anew_whether_they_are_there(
    desk: Desk, first: dict[str, Any], then: dict[str, Any], phase: Phase
) -> None:
    number = await desk.order("approved", variables=first)
    await desk.resubmit(await desk.line(number), number, then)
    reason = (await desk.document(number)).gates[f"{number}-G1"].reason
    assert reason is not None
    assert "requested_for" in reason, "who decided did so about somebody else"
    await desk.leave("rita", number)
    assert (await desk.line(number)).phase is phase


async def test_whom_it_was_for_does_not_stand_in_for_a_future_person(desk: Desk) -> None:
    """They would hold in the register what somebody else has."""
    number = await desk.order("approved", requested_for="ralf", variables={"who": "ralf"})
    await desk.resubmit(await desk.line(number), number, _FUTURE)
    line, process = await desk.line(number), await desk.document(number)
    assert (line.requested_for, line.for_future_person) == (desk.ids["rita"], True)
    assert process.requested_for == desk.ids["rita"]
    assert (await desk.gate(f"{number}-G1")).reason is not None


async def test_a_future_persons_access_keeps_none_of_who_ordered_it(desk: Desk) -> None:
    """The register has both under one name, and the same call gave both."""
    own = await desk.order("key")
    await performed(desk, own)
    other = await desk.order("card", variables=_FUTURE)
    await performed(desk, other)
    grant = (await desk.line(own)).steps["card"].grant
    assert grant is not None
    await desk.leave("rita")
    opened = await grants_of(desk).open_grant(desk.tick(grant, "open"))
    (errand,) = [one for one in opened.agenda.errands if one.kind is ErrandKind.UNDO]
    activities = ErrandActivities(desk.engine, load_registry(), Surroundings(EgressGuard()), {})
    order = ErrandOrder(number=grant, key=errand.key, attempts=5)
    assert (await ActivityEnvironment().run(activities.undo_step, order)).kind is OutcomeKind.NEEDS_PERSON
    assert await register(desk, other) == {"card": "active"}
