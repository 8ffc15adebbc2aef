"""Two grants of one access: who ends one keeps the other, outside as well; the last one takes it away."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.errand import ErrandActivities
from activities.grant import GrantActivities
from activities.registry import GRANTS
from activities.transition import Transitions
from steadydesk.connectors.registry import Surroundings, load_registry
from steadydesk.contracts.agenda import Answer
from steadydesk.contracts.grant import Revoke
from steadydesk.contracts.language import in_language
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import StepState, UndoState
from steadydesk.contracts.request_commands import ErrandOrder, ErrandOutcome, OutcomeKind, TaskAction
from steadydesk.egress.guard import EgressGuard
from steadydesk.policies.assertion import unsigned
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.journal import audit
from steadydesk.records.tables.process import record
from steadydesk.records.tables.task import task as task_table
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.request_catalogue import POLICIES
from tests.support.request_desk import Desk, request_desk
from tests.support.requests import automated, manual, organisation

_OWNED = {"owner": "it-owners", "review_by": "2036-01-01"}
_CONFIG = {"instruction": "Let them in.", "undo": "Keep them out."}
_DOOR = {"door": {"from": "variables.door"}, "person": {"from": "requested_for.user_name"}}
_PASS = automated(
    call={
        "connector": "doors",
        "operation": "add",
        "values": _DOOR | {"level": {"from": "variables.level"}},
    },
    undo={"call": {"connector": "doors", "operation": "remove", "values": _DOOR}},
    grant={"entitlement": "A pass"},
)
_OUTSIDE = OutcomeKind.NEEDS_PERSON
"""What the doors' connector makes of every call; nothing is said to have been done where it was not asked."""


@pytest.fixture(scope="module")
async def desk(postgres: EmbeddedPostgres) -> AsyncIterator[Desk]:
    items: dict[str, dict[str, Any]] = {
        "pass": {"plan": {"steps": {"one": _PASS}}},
        "pass-and-more": {"plan": {"steps": {"one": _PASS, "two": manual(needs=["one"])}}},
        "kept-pass": {
            "plan": {
                "steps": {
                    "one": manual(undo={"nothing": "It is gone."}, grant={"entitlement": "A badge"}),
                    "two": manual(needs=["one"]),
                }
            }
        },
    }
    connectors = {"doors": {"kind": "manual", "label": "Doors", "config": _CONFIG, **_OWNED}}
    what = organisation(items, POLICIES, connectors=connectors)
    async with request_desk(postgres, "same_access", what) as ready:
        yield ready


async def given(
    desk: Desk, door: str, level: str = "in", *, item: str = "pass", by: str = "rita"
) -> tuple[str, str]:
    """An order, and the grant that it gave."""
    number = await desk.order(item, by=by, variables={"door": door, "level": level})
    (errand,) = (await desk.agenda(number)).agenda.errands
    await desk.report(number, errand.key, OutcomeKind.DONE)
    grant = (await desk.line(number)).steps["one"].grant
    assert grant is not None
    return number, grant


def grants_of(desk: Desk) -> GrantActivities:
    return GrantActivities(Transitions(GRANTS, desk.engine, desk.waker))


async def revoked(desk: Desk, grant: str) -> tuple[ErrandOutcome, Answer]:
    grants = grants_of(desk)
    await grants.open_grant(desk.tick(grant, "open"))
    answer = await grants.record_revocation(desk.write(grant, Revoke(assertion=unsigned()), "rita"))
    (errand,) = answer.agenda.errands
    outcome = await undone(desk, grant, errand.key)
    tick = desk.tick(grant, f"outcome:{errand.key}", errand=errand.key, outcome=outcome)
    return outcome, await grants.record_revocation_outcome(tick)


async def undone(desk: Desk, number: str, key: str) -> ErrandOutcome:
    """What the undo's activity makes of it; a second worker that repeats it finds the same."""
    activities = ErrandActivities(desk.engine, load_registry(), Surroundings(EgressGuard()), {})
    order = ErrandOrder(number=number, key=key, attempts=5)
    outcome = await ActivityEnvironment().run(activities.undo_step, order)
    assert await ActivityEnvironment().run(activities.undo_step, order) == outcome
    return outcome


async def state_of(desk: Desk, grant: str) -> str:
    (row,) = await desk.rows(grant_register, grant_register.c.number == grant)
    return row.state


async def test_ending_one_of_two_leaves_the_access_and_the_last_takes_it_away(desk: Desk) -> None:
    (_, first), (_, second) = await given(desk, "north"), await given(desk, "north")
    outcome, answer = await revoked(desk, first)
    assert outcome == ErrandOutcome(kind=OutcomeKind.DONE, problem=f"KeptBy:{second}")
    assert answer.agenda.closed
    assert (await state_of(desk, first), await state_of(desk, second)) == ("revoked", "active")
    [told] = await desk.rows(outbox, outbox.c.number == first, outbox.c.event == "grant.revoked")
    assert told.facts["because"] == {
        "en": f"The access itself stays: {second} gives it as well.",
        "de": f"Der Zugang selbst bleibt: {second} gewährt ihn auch.",
    }
    [closed] = await desk.rows(audit, audit.c.number == first, audit.c.event == "grant.closed")
    assert closed.facts["kept_by"] == second
    outcome, answer = await revoked(desk, second)
    assert (outcome.kind, outcome.problem, answer.agenda.closed) == (_OUTSIDE, None, False)


@pytest.mark.parametrize("door", ["attic", "cellar"])
async def test_an_access_that_is_said_to_stay_is_looked_for(desk: Desk, door: str) -> None:
    """Whoever reaches Temporal could keep any access beyond its end: by a grant of another one, or of none."""
    (_, ours), (_, other) = await given(desk, door), await given(desk, f"{door}-2")
    grants = grants_of(desk)
    await grants.open_grant(desk.tick(ours, "open"))
    answer = await grants.record_revocation(desk.write(ours, Revoke(assertion=unsigned()), "rita"))
    (errand,) = answer.agenda.errands
    by = other if door == "attic" else "GRA9999999"
    outcome = ErrandOutcome(kind=OutcomeKind.DONE, problem=f"KeptBy:{by}")
    tick = desk.tick(ours, f"outcome:{errand.key}", errand=errand.key, outcome=outcome)
    assert not (await grants.record_revocation_outcome(tick)).agenda.closed
    assert await state_of(desk, ours) == "revoking"
    assert len(await desk.rows(task_table, task_table.c.owner == ours)) == 1


@pytest.mark.parametrize(
    ("name", "door", "by"), [("another door", "west", "rita"), ("another person", "east", "ralf")]
)
async def test_another_access_keeps_nothing(desk: Desk, name: str, door: str, by: str) -> None:
    (_, ours), _ = await given(desk, "east"), await given(desk, door, by=by)
    outcome, _ = await revoked(desk, ours)
    assert (outcome.kind, outcome.problem) == (_OUTSIDE, None), name


async def test_where_the_undo_would_end_another_kind_of_access_a_person_parts_the_two(desk: Desk) -> None:
    (_, reads), (_, writes) = await given(desk, "south", "read"), await given(desk, "south", "write")
    outcome, answer = await revoked(desk, writes)
    assert (outcome.kind, answer.agenda.closed) == (OutcomeKind.NEEDS_PERSON, False)
    [task] = await desk.rows(task_table, task_table.c.owner == writes)
    for language, words in (("en", "Take back only"), ("de", "Nehmen Sie nur zurück")):
        assert in_language(task.instruction, language).startswith(words)
        assert reads in in_language(task.instruction, language)
    assert await state_of(desk, reads) == "active"


@pytest.mark.parametrize("another", [True, False])
async def test_the_undo_of_what_hung_leaves_what_a_good_order_gave(desk: Desk, *, another: bool) -> None:
    door = f"hung-{another}"
    hung = await desk.order("pass", variables={"door": door, "level": "in"})
    good = (await given(desk, door))[1] if another else None
    line = (await desk.line(hung)).number
    await desk.cancel(hung)
    await desk.report(hung, f"{line}:one:1", OutcomeKind.STOPPED)
    key = f"{line}:one:1:undo:1"
    outcome = await undone(desk, hung, key)
    if good is None:
        assert (outcome.kind, outcome.problem) == (_OUTSIDE, None)
        return
    assert outcome.problem == f"KeptBy:{good}"
    tick = desk.tick(hung, f"outcome:{key}", errand=key, outcome=outcome)
    await desk.plan.record_outcome(tick)
    found = await desk.line(hung)
    assert (found.phase, found.steps["one"].undo) == (Phase.CANCELLED, UndoState.DONE)
    [ended] = await desk.rows(audit, audit.c.number == hung, audit.c.event == "undo.ended")
    assert ended.facts["kept_by"] == good
    assert await state_of(desk, good) == "active"


async def test_two_that_are_taken_back_at_once_do_not_wait_for_each_other(desk: Desk) -> None:
    orders = [await given(desk, "both", item="pass-and-more") for _ in range(2)]
    for number, _ in orders:
        await desk.cancel(number)
    for number, grant in orders:
        assert await state_of(desk, grant) == "revoking"
        (errand,) = (await desk.agenda(number)).agenda.errands
        assert (await undone(desk, number, errand.key)).kind is _OUTSIDE


@pytest.mark.parametrize(("action", "state"), [(TaskAction.COMPLETE, "revoked"), (TaskAction.SKIP, "left")])
async def test_the_register_says_what_a_person_made_of_the_undo(
    desk: Desk, action: TaskAction, state: str
) -> None:
    number, grant = await given(desk, f"by-hand-{state}", item="pass-and-more")
    answer = await desk.cancel(number)
    (errand,) = answer.agenda.errands
    await desk.report(number, errand.key, OutcomeKind.FAILED, "Unavailable")
    task = (await desk.line(number)).steps["one"].undo_task
    assert task is not None
    assert await state_of(desk, grant) == "revoking"
    await desk.act(number, task.number, action)
    assert await state_of(desk, grant) == state


async def test_what_nothing_takes_back_is_not_held_any_more_when_its_order_is_cancelled(desk: Desk) -> None:
    number = await desk.order("kept-pass")
    await desk.act(number, (await desk.task(number, "one")).number, TaskAction.COMPLETE)
    run = (await desk.line(number)).steps["one"]
    assert run.state is StepState.DONE
    assert run.grant is not None
    await desk.cancel(number)
    assert await state_of(desk, run.grant) == "revoked"
    assert (await desk.rows(record, record.c.number == number))[0].state == "cancelled"
