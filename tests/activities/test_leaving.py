"""Somebody leaves: gates, tasks and orders go to people who are there, and nothing waits for the one who is gone."""

from datetime import timedelta

import pytest

from steadydesk.contracts.gate import GateState
from steadydesk.contracts.request import TaskState
from steadydesk.contracts.request_commands import TaskAction
from steadydesk.contracts.subscription import NewSubscription
from steadydesk.records import subscription
from steadydesk.records.doctor_organisation import examine_organisation
from steadydesk.records.tables.approval import approver
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.process import sight
from tests.support.request_desk import KEYRING, Desk


async def test_a_leaver_is_not_waited_for_and_others_are_not_asked_again(desk: Desk) -> None:
    number = await desk.order("board-all")
    gate = f"{number}-G1"
    await desk.decide(gate, "approved", "ann")
    await desk.decide(gate, "approved", "ben")
    sent = len(await desk.events(number))
    await desk.leave("cem", number)
    assert (await desk.gate(gate)).state is GateState.APPROVED
    assert "approval.requested" not in (await desk.events(number))[sent:]
    rows = await desk.rows(approver, approver.c.gate == gate, approver.c.person == desk.ids["cem"])
    assert [row.state for row in rows] == ["not_required"]


async def test_a_vote_stays_when_its_voter_leaves(desk: Desk) -> None:
    number = await desk.order("board-two")
    gate = f"{number}-G1"
    await desk.decide(gate, "approved", "ann")
    await desk.leave("ann", number)
    assert [ballot.voter for ballot in (await desk.gate(gate)).ballots] == [desk.ids["ann"]]
    await desk.decide(gate, "approved", "ben")
    assert (await desk.gate(gate)).state is GateState.APPROVED


async def test_the_last_approver_who_leaves_is_replaced_up_the_line(desk: Desk) -> None:
    number = await desk.order("one-person")
    await desk.leave("dan", number)
    assert await desk.asked(f"{number}-G1") == ["dora"]
    await desk.leave("dora", number)
    assert await desk.asked(f"{number}-G1") == ["otto"]


async def test_too_few_for_the_rule_are_filled_up(desk: Desk) -> None:
    """Two are needed: with one left nobody could ever approve."""
    number = await desk.order("board-two")
    await desk.leave("ann", number)
    assert await desk.asked(f"{number}-G1") == ["ben", "cem"]
    await desk.leave("ben", number)
    assert await desk.asked(f"{number}-G1") == ["cem", "mona"]


async def test_when_everybody_leaves_the_administrators_decide(desk: Desk) -> None:
    number = await desk.order("one-person")
    for name in ("dan", "dora", "otto", "ines"):
        await desk.leave(name, number)
    assert await desk.asked(f"{number}-G1") == ["root"]


async def test_tasks_go_back_to_their_queue(desk: Desk) -> None:
    number = await desk.order("by-hand")
    task = (await desk.task(number, "one")).number
    await desk.act(number, task, TaskAction.START, by="ida")
    await desk.leave("ida", number)
    run = await desk.task(number, "one")
    assert (run.assigned_to, run.state) == (None, TaskState.OPEN)
    await desk.act(number, task, TaskAction.ASSIGN)
    await desk.act(number, task, TaskAction.ASK)
    await desk.leave("ingo", number)
    run = await desk.task(number, "one")
    assert (run.assigned_to, run.state) == (None, TaskState.PENDING)


@pytest.mark.parametrize("requested_for", [None, "rita"])
async def test_what_a_leaver_ordered_goes_to_the_manager_and_a_list(
    desk: Desk, requested_for: str | None
) -> None:
    by = "ralf" if requested_for else "rita"
    number = await desk.order("by-hand", by=by, requested_for=requested_for)
    await desk.leave("rita", number)
    subjects = {(row.subject, row.why) for row in await desk.rows(sight, sight.c.number == number)}
    assert ("g:leavers", "process_owner") in subjects
    assert (f"p:{desk.ids['mona']}", "requester") in subjects
    [told] = await desk.rows(
        outbox, outbox.c.number == number, outbox.c.event == "person.left", outbox.c.audience != []
    )
    assert set(told.audience) == {"g:leavers", f"p:{desk.ids['mona']}"}


async def test_a_departure_tells_every_process_that_names_the_person(desk: Desk) -> None:
    gates, tasks, orders = (
        await desk.order("board-any"),
        await desk.order("by-hand"),
        await desk.order("alone", by="ann"),
    )
    await desk.act(tasks, (await desk.task(tasks, "one")).number, TaskAction.START, by="ida")
    other = await desk.order("manager")
    await desk.leave("ann")
    await desk.leave("ida")
    rows = await desk.rows(outbox, outbox.c.event == "person.left", outbox.c.audience == [])
    told = {(row.number, row.facts["person"]) for row in rows}
    assert {(gates, desk.ids["ann"]), (orders, desk.ids["ann"]), (tasks, desk.ids["ida"])} <= told
    assert other not in {number for number, _ in told}


async def test_hearing_of_somebody_who_is_not_named_changes_nothing_but_the_version(desk: Desk) -> None:
    number = await desk.order("board-any")
    before = await desk.document(number)
    await desk.leave("selma", number)
    after = await desk.document(number)
    assert (after.gates, after.lines) == (before.gates, before.lines)
    assert after.audit_position == before.audit_position


async def doctored(desk: Desk) -> set[tuple[str, str]]:
    async with desk.engine.connect() as connection:
        return {(one.check, one.number) for one in await examine_organisation(connection, desk.now)}


async def owned_by(desk: Desk, name: str) -> tuple[list[str], set[str]]:
    """What somebody who leaves leaves without an owner, and who is told."""
    desk.now += timedelta(hours=1)
    await desk.leave(name)
    rows = await desk.rows(outbox, outbox.c.event == "person.owned", outbox.c.number == desk.ids[name])
    now = [row for row in rows if row.at == desk.now]
    return (now[0].facts["owned"], set(now[0].audience)) if now else ([], set())


async def test_what_a_leaver_alone_answered_for_goes_to_the_manager_and_a_list(desk: Desk) -> None:
    """Otto is the only member of the group that owns everything; Ines owns the processes and manages a group."""
    before = await doctored(desk)
    audience = {f"p:{desk.ids['dora']}", "g:leavers"}
    owned, told = await owned_by(desk, "otto")
    assert {"functions.it", "calendars.office", "catalog.alone", "process_models.request"} <= set(owned)
    assert told == audience
    async with desk.engine.begin() as connection:
        new = NewSubscription(url="https://x.example/", events=["*"])
        await subscription.create(connection, desk.ids["ines"], new, KEYRING, desk.now)
    owned, told = await owned_by(desk, "ines")
    hook = owned.pop()
    assert owned == ["groups.desk.manager", "process_owner@it"]
    assert hook.startswith("subscriptions.wh_")
    assert told == audience
    assert await doctored(desk) - before == {
        ("owner", "it-owners"),
        ("owner", "it"),
        ("manager", "desk"),
        ("owner", hook.removeprefix("subscriptions.")),
        *(("manager", name) for name in ("ida", "ingo")),
    }
    await desk.as_at_first()
    assert await doctored(desk) == before


async def test_what_others_own_too_is_nobodys_loss(desk: Desk) -> None:
    assert await owned_by(desk, "ben") == ([], set())


async def test_a_stage_that_asks_the_leaver_by_name_is_listed(desk: Desk) -> None:
    owned, told = await owned_by(desk, "dan")
    (stage,) = owned
    assert stage.startswith("approval_policies.")
    assert told == {f"p:{desk.ids['dora']}", "g:leavers"}
    assert ("owner", stage) in await doctored(desk)
