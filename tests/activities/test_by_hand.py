"""A step whose connector is a person: they get what it says to do, and the plan goes on with what they report."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.errand import ErrandActivities
from activities.grant import GrantActivities
from activities.registry import GRANTS
from activities.transition import Transitions
from steadydesk.connectors.registry import Surroundings, load_registry
from steadydesk.contracts.agenda import Answer
from steadydesk.contracts.grant import Revoke
from steadydesk.contracts.language import in_language
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import StepState, TaskPurpose, UndoState
from steadydesk.contracts.request_commands import ErrandOrder, ErrandOutcome, OutcomeKind, TaskAction
from steadydesk.egress.guard import EgressGuard
from steadydesk.policies.assertion import unsigned
from steadydesk.policies.errands import perform_key, undo_key
from steadydesk.records import texts
from steadydesk.records.tables.effect import effect
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.process import record
from steadydesk.records.tables.task import task as task_table
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.request_catalogue import POLICIES
from tests.support.request_desk import Desk, request_desk
from tests.support.requests import automated, manual, organisation

_OWNED = {"owner": "it-owners", "review_by": "2036-01-01"}
_CONFIG = {
    "instruction": {"en": "Program the card.", "de": "Karte programmieren."},
    "undo": "Block the card.",
}
_CALL = {"connector": "doors", "operation": "program", "values": {"level": {"value": 3}}}
_UNDO = {"call": {"connector": "doors", "operation": "block"}}
_DOORS = automated(call=_CALL, undo=_UNDO)
_FORM = {"fields": {"card": {"kind": "text", "label": "Card", "required": True}}}
_SAID = {"group": "voices", "instruction": "Go to gate two.", "form": _FORM, "due": "PT2H"}
_USES = manual(needs=["one"], when="steps.one.card == 'C7'")
_UNTIL = {"entitlement": "A card", "until": {"from": "variables.until"}}

_LASTS = {"fields": {"ends": {"kind": "text", "label": "Ends"}}}
_DATED = {"form": _LASTS, "grant": {"entitlement": "A card", "until": {"from": "steps.one.ends"}}}


@pytest.fixture(scope="module")
async def module_desk(postgres: EmbeddedPostgres) -> AsyncIterator[Desk]:
    items: dict[str, dict[str, Any]] = {
        "doors": {"plan": {"steps": {"one": _DOORS, "two": manual(needs=["one"])}}},
        "told": {"plan": {"steps": {"one": _DOORS | _SAID, "two": _USES}}},
        "asking": {"plan": {"steps": {"one": _DOORS | {"on_failure": "ask"}}}},
        "carded": {"plan": {"steps": {"one": _DOORS | {"grant": _UNTIL}}}},
        "dated": {"plan": {"steps": {"one": _DOORS | _DATED}}},
    }
    connectors = {"doors": {"kind": "manual", "label": "Doors", "config": _CONFIG, **_OWNED}}
    what = organisation(items, POLICIES, connectors=connectors)
    async with request_desk(postgres, "activities_by_hand", what) as desk:
        yield desk


async def performed(desk: Desk, number: str, answer: Answer) -> ErrandOutcome:
    """What the connector's activity makes of the only errand; a second worker that repeats it finds the same."""
    (errand,) = answer.agenda.errands
    activities = ErrandActivities(desk.engine, load_registry(), Surroundings(EgressGuard()), {})
    run = activities.undo_step if ":undo:" in errand.key else activities.perform_step
    order = ErrandOrder(number=number, key=errand.key, attempts=5)
    outcome = await ActivityEnvironment().run(run, order)
    assert await ActivityEnvironment().run(run, order) == outcome
    return outcome


async def carried_out(desk: Desk, number: str, answer: Answer) -> Answer:
    (errand,) = answer.agenda.errands
    outcome = await performed(desk, number, answer)
    tick = desk.tick(number, f"outcome:{errand.key}", errand=errand.key, outcome=outcome)
    return await desk.plan.record_outcome(tick)


async def ordered(desk: Desk, item: str, **variables: Any) -> tuple[str, Answer]:
    number = await desk.order(item, variables=variables)
    return number, await carried_out(desk, number, await desk.agenda(number))


async def instruction(desk: Desk, number: str, language: str = "en") -> str:
    (row,) = await desk.rows(task_table, task_table.c.number == number)
    return in_language(row.instruction, language)


async def test_a_person_gets_the_connectors_instruction_and_the_plan_goes_on(desk: Desk) -> None:
    number, answer = await ordered(desk, "doors")
    task = await desk.task(number, "one")
    assert (task.purpose, task.group, answer.agenda.errands) == (TaskPurpose.STEP, "desk", [])
    assert await instruction(desk, task.number) == "Program the card."
    assert await instruction(desk, task.number, "de") == "Karte programmieren."
    [entry] = await desk.rows(effect, effect.c.number == number)
    assert (entry.state, entry.problem) == ("refused", "NeedsPerson")
    assert "step.failed" not in await desk.events(number)
    await desk.act(number, task.number, TaskAction.COMPLETE)
    steps = (await desk.line(number)).steps
    assert (steps["one"].state, steps["two"].state) == (StepState.DONE, StepState.OPEN)


@pytest.mark.parametrize("key", ["one:1", "one:1:undo:1"])
async def test_nothing_goes_outside_that_the_record_does_not_owe(desk: Desk, key: str) -> None:
    """Whoever reaches the task queue can ask for it: after it failed, or as if it was taken back."""
    number = await desk.order("asking")
    line = await desk.line(number)
    await desk.report(number, perform_key(line, "one"), OutcomeKind.FAILED, "Refused")
    assert f"{line.number}:{key}" in (perform_key(line, "one"), undo_key(line, "one"))
    activities = ErrandActivities(desk.engine, load_registry(), Surroundings(EgressGuard()), {})
    order = ErrandOrder(number=number, key=f"{line.number}:{key}")
    for run in (activities.perform_step, activities.undo_step):
        with pytest.raises(ApplicationError, match="has no errand"):
            await ActivityEnvironment().run(run, order)
    assert await desk.rows(effect, effect.c.number == number) == []


async def test_the_steps_own_words_group_date_and_outputs_come_first(desk: Desk) -> None:
    number, answer = await ordered(desk, "told")
    task = await desk.task(number, "one")
    assert task.due_at is not None
    assert (task.group, (task.due_at - desk.now).total_seconds()) == ("voices", 7200)
    assert await instruction(desk, task.number) == "Go to gate two."
    assert answer.agenda.alarm is not None
    outputs = await desk.words({"card": "C7"}, "carl")
    await desk.act(number, task.number, TaskAction.COMPLETE, by="carl", outputs=outputs)
    steps = (await desk.line(number)).steps
    assert steps["two"].state is StepState.OPEN
    async with desk.engine.connect() as connection:
        assert await texts.read(connection, [outputs.ref]) == {outputs.ref: {"card": "C7"}}


async def test_what_a_person_could_not_do_has_failed_and_a_retry_asks_again(desk: Desk) -> None:
    number, _ = await ordered(desk, "asking")
    first = await desk.task(number, "one")
    await desk.act(number, first.number, TaskAction.FAIL)
    decision = await desk.task(number, "one")
    assert decision.purpose is TaskPurpose.DECIDE
    await carried_out(desk, number, await desk.act(number, decision.number, TaskAction.RETRY))
    again = await desk.task(number, "one")
    assert (again.purpose, again.is_open) == (TaskPurpose.STEP, True)
    assert again.number != first.number
    await desk.act(number, again.number, TaskAction.COMPLETE)
    assert (await desk.line(number)).phase is Phase.COMPLETE


async def test_it_is_taken_back_by_hand_with_the_words_for_that(desk: Desk) -> None:
    number, _ = await ordered(desk, "doors")
    await desk.act(number, (await desk.task(number, "one")).number, TaskAction.COMPLETE)
    await carried_out(desk, number, await desk.cancel(number))
    run = (await desk.line(number)).steps["one"]
    assert (run.undo, run.problem) == (UndoState.OPEN, None)
    task = await desk.task(number, "one")
    assert (task.purpose, await instruction(desk, task.number)) == (TaskPurpose.UNDO, "Block the card.")
    assert "undo.failed" not in await desk.events(number)
    await desk.act(number, task.number, TaskAction.COMPLETE)
    assert (await desk.line(number)).phase is Phase.CANCELLED


async def test_nobody_is_asked_for_a_line_that_is_taken_back(desk: Desk) -> None:
    number = await desk.order("doors")
    before = await desk.agenda(number)
    outcome = await performed(desk, number, before)
    await desk.cancel(number)
    (errand,) = before.agenda.errands
    tick = desk.tick(number, f"outcome:{errand.key}", errand=errand.key, outcome=outcome)
    await desk.plan.record_outcome(tick)
    line = await desk.line(number)
    assert (line.phase, line.steps["one"].state) == (Phase.CANCELLED, StepState.STOPPED)
    assert line.steps["one"].task is None


async def test_a_grant_is_revoked_by_hand_with_the_words_for_that(desk: Desk) -> None:
    number, _ = await ordered(desk, "carded", until="2027-03-01")
    await desk.act(number, (await desk.task(number, "one")).number, TaskAction.COMPLETE)
    grant = (await desk.line(number)).steps["one"].grant
    assert grant is not None
    grants = GrantActivities(Transitions(GRANTS, desk.engine, desk.waker))
    await grants.open_grant(desk.tick(grant, "open"))
    answer = await grants.record_revocation(desk.write(grant, Revoke(assertion=unsigned()), "rita"))
    (errand,) = answer.agenda.errands
    outcome = await performed(desk, grant, answer)
    tick = desk.tick(grant, f"outcome:{errand.key}", errand=errand.key, outcome=outcome)
    await grants.record_revocation_outcome(tick)
    of_grant = select(record.c.number).where(record.c.owner == grant, record.c.kind == RecordKind.TASK.value)
    async with desk.engine.connect() as connection:
        task = await connection.scalar(of_grant)
    assert await instruction(desk, str(task)) == "Block the card."
    events = await desk.events(grant)
    assert ("task.opened" in events, "grant.failed" in events) == (True, False)


async def test_nothing_is_granted_until_a_date_that_is_none(desk: Desk) -> None:
    number = await desk.order("carded", variables={"until": "soon"})
    run = (await desk.line(number)).steps["one"]
    assert (run.state, run.problem, run.grant) == (StepState.FAILED, "NoDate", None)
    assert (await desk.agenda(number)).agenda.errands == []


async def test_a_grant_whose_end_turns_out_to_be_no_date_ends_at_once(desk: Desk) -> None:
    number, _ = await ordered(desk, "dated")
    outputs = await desk.words({"ends": "when he is back"}, "ingo")
    task = await desk.task(number, "one")
    await desk.act(number, task.number, TaskAction.COMPLETE, outputs=outputs)
    run = (await desk.line(number)).steps["one"]
    assert (run.state, run.problem) == (StepState.DONE, "NoDate")
    async with desk.engine.connect() as connection:
        expires = await connection.scalar(
            select(grant_register.c.expires_at).where(grant_register.c.number == run.grant)
        )
    assert expires == desk.now
