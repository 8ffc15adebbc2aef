"""Somebody leaves: gates, tasks and orders go to people who are there, and nothing waits for the one who is gone."""

from datetime import timedelta

import pytest

from activities.people_left import word_of
from steadydesk.contracts.directory_document import DirectoryDocument
from steadydesk.contracts.gate import GateState
from steadydesk.contracts.request import TaskState
from steadydesk.contracts.request_commands import TaskAction
from steadydesk.contracts.subscription import NewSubscription
from steadydesk.records import subscription
from steadydesk.records.directory_events import installation
from steadydesk.records.directory_groups import remove_member
from steadydesk.records.directory_import import apply_directory
from steadydesk.records.directory_standing import standing
from steadydesk.records.doctor_organisation import examine_organisation
from steadydesk.records.tables.approval import approver
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.journal import audit
from steadydesk.records.tables.process import record, sight
from steadydesk.records.views.visibility import Viewer, relations
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


async def told_of(desk: Desk, task: str) -> list[set[str]]:
    """Who hears that somebody who left had the task."""
    rows = await desk.rows(outbox, outbox.c.subject == task, outbox.c.event == "person.left")
    return [set(row.audience) for row in rows if row.audience]


@pytest.mark.parametrize(
    ("item", "audience"),
    [("by-hand", ["g:leavers", "ines"]), ("confidential", ["g:confidants"])],
)
async def test_what_a_leaver_had_to_do_is_told_to_who_answers_for_them(
    desk: Desk, item: str, audience: list[str]
) -> None:
    """Nobody comes to see a restricted record by it."""
    number = await desk.order(item)
    if item == "confidential":
        await desk.decide(f"{number}-G1", "approved", "ann")
    task = (await desk.task(number, "one")).number
    await desk.act(number, task, TaskAction.START, by="ida")
    await desk.leave("ida", number)
    expected = {one if one.startswith("g:") else f"p:{desk.ids[one]}" for one in audience}
    assert await told_of(desk, task) == [expected]
    subjects = {row.subject for row in await desk.rows(sight, sight.c.number == number)}
    assert (f"p:{desk.ids['ines']}" in subjects) is ("ines" in audience)


async def test_a_group_that_nobody_is_left_in_is_listed_while_work_waits(desk: Desk) -> None:
    assert await owned_by(desk, "ida") == ([], set())
    number = await desk.order("by-hand")
    owned, told = await owned_by(desk, "ingo")
    assert "groups.desk.members" in owned
    assert told == {f"p:{desk.ids['ines']}", "g:leavers"}
    assert (await desk.task(number, "one")).assigned_to is None


async def end_membership(desk: Desk, name: str, group: str) -> list[tuple[str, str]]:
    """Take somebody out of a group; number and event of what processes are told by it."""
    desk.now += timedelta(hours=1)
    async with desk.engine.begin() as connection:
        await remove_member(connection, group, desk.ids[name], installation(desk.now))
    rows = await desk.rows(outbox, outbox.c.at == desk.now, outbox.c.audience == [])
    return [(row.number, row.event) for row in rows]


async def test_who_is_taken_out_of_a_group_has_its_tasks_no_more(desk: Desk) -> None:
    number = await desk.order("by-hand")
    task = (await desk.task(number, "one")).number
    await desk.act(number, task, TaskAction.START, by="ida")
    assert await end_membership(desk, "ida", "desk") == [(number, "membership.ended")]
    await desk.tell(number, "membership_ended", subject=desk.ids["ida"], group="desk")
    run = await desk.task(number, "one")
    assert (run.assigned_to, run.state) == (None, TaskState.OPEN)
    assert await end_membership(desk, "ida", "desk") == []


@pytest.mark.parametrize(
    ("event", "told"), [("person.left", "person_left"), ("membership.ended", "membership_ended")]
)
def test_the_process_hears_which_of_both_it_is(event: str, told: str) -> None:
    word = word_of(event, {"person": "p_a", "group": "desk"})
    assert (word.event, word.subject) == (told, "p_a")
    assert (word.group == "desk") is (told == "membership_ended")


async def test_who_is_in_the_group_again_keeps_its_tasks(desk: Desk) -> None:
    number = await desk.order("by-hand")
    task = (await desk.task(number, "one")).number
    await desk.act(number, task, TaskAction.START, by="ida")
    await desk.tell(number, "membership_ended", subject=desk.ids["ida"], group="desk")
    assert (await desk.task(number, "one")).assigned_to == desk.ids["ida"]


async def test_an_import_takes_tasks_from_whom_it_takes_out(desk: Desk) -> None:
    number = await desk.order("by-hand")
    await desk.act(number, (await desk.task(number, "one")).number, TaskAction.START, by="ida")
    desk.now += timedelta(hours=1)
    people = [{"user_name": name, "name": name.title(), "groups": ["board"]} for name in ("ida", "ben")]
    async with desk.engine.begin() as connection:
        await apply_directory(connection, DirectoryDocument.model_validate({"people": people}), desk.now)
    rows = await desk.rows(outbox, outbox.c.event == "membership.ended", outbox.c.number == number)
    assert [(row.facts["person"], row.facts["group"]) for row in rows] == [(desk.ids["ida"], "desk")]


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
    gone = {row.event for row in await desk.rows(audit, audit.c.number == number) if ".left" in row.event}
    assert gone == {"beneficiary.left" if requested_for else "requester.left"}, "who ordered is still there"


async def why_seen(desk: Desk, number: str, who: str) -> list[str]:
    async with desk.engine.connect() as connection:
        found = await standing(connection, desk.ids[who], desk.now)
        assert found is not None
        return await relations(connection, Viewer.of(found, desk.now), number)


@pytest.mark.parametrize(("by", "acts"), [("rita", True), ("ralf", False)])
async def test_what_is_restricted_goes_to_its_groups_alone(desk: Desk, by: str, acts: bool) -> None:
    """The record may be about the manager. While who ordered it is there, nobody else acts for them."""
    number = await desk.order("confidential", by=by, requested_for="rita")
    await desk.join("selma", "leavers")
    await desk.leave("rita", number)
    for name in ("mona", "selma"):
        assert await why_seen(desk, number, name) == []
    theirs = ["requester", "restricted_group"] if acts else ["restricted_group"]
    assert await why_seen(desk, number, "carl") == theirs
    told = await desk.rows(outbox, outbox.c.number == number, outbox.c.event == "person.left")
    assert [row.audience for row in told if row.audience] == [["g:confidants"]]


@pytest.mark.parametrize(("item", "who"), [("confidential", "carl"), ("board-any", "mona")])
async def test_who_acts_for_a_leaver_answers_questions(desk: Desk, item: str, who: str) -> None:
    number = await desk.order(item)
    gate = f"{number}-G1"
    await desk.decide(gate, "ask", "ann", comment=await desk.words("Why?", "ann"))
    await desk.leave("rita", number)
    await desk.comment(number, by="ben")
    assert (await desk.gate(gate)).question is not None
    await desk.comment(number, by=who)
    assert (await desk.gate(gate)).question is None


async def asked_in_place(desk: Desk, number: str) -> list[set[str]]:
    """Whom the open questions wait for, and who was told of each, besides whom it was handed over from."""
    rows = await desk.rows(outbox, outbox.c.number == number, outbox.c.event.like("%.question"))
    mine = f"p:{desk.ids['rita']}"
    return [set(row.audience) - {mine} for row in sorted(rows, key=lambda row: row.seq)]


@pytest.mark.parametrize(("item", "who"), [("confidential", "g:confidants"), ("board-any", "mona")])
async def test_new_questions_go_to_whom_the_order_was_handed(desk: Desk, item: str, who: str) -> None:
    number = await desk.order(item)
    await desk.leave("rita", number)
    await desk.decide(f"{number}-G1", "ask", "ann", comment=await desk.words("Why?", "ann"))
    acting = who if who.startswith("g:") else f"p:{desk.ids[who]}"
    assert await asked_in_place(desk, number) == [{acting}]
    [row] = await desk.rows(record, record.c.number == number)
    [waiting] = row.waiting
    assert waiting.get("people", []) == ([] if who.startswith("g:") else [desk.ids[who]])


async def test_who_acts_for_a_leaver_leaves_as_well(desk: Desk) -> None:
    number = await desk.order("by-hand")
    await desk.leave("rita", number)
    await desk.leave("mona")
    told = await desk.rows(outbox, outbox.c.event == "person.left", outbox.c.number == number)
    assert desk.ids["mona"] in {row.facts.get("person") for row in told if not row.audience}
    await desk.tell(number, "person_left", subject=desk.ids["mona"])
    await desk.act(number, (await desk.task(number, "one")).number, TaskAction.ASK)
    assert await asked_in_place(desk, number) == [{f"p:{desk.ids['dora']}"}]
    await desk.comment(number, by="dora")
    assert (await desk.task(number, "one")).question is None


async def test_where_nobody_is_above_those_who_look_after_leavers_act(desk: Desk) -> None:
    number = await desk.order("by-hand", by="solo")
    await desk.join("selma", "leavers")
    await desk.leave("solo", number)
    await desk.act(number, (await desk.task(number, "one")).number, TaskAction.ASK)
    assert "g:leavers" in (await asked_in_place(desk, number))[0]
    await desk.comment(number, by="selma")
    assert (await desk.task(number, "one")).question is None


async def test_nobody_acts_in_an_order_that_is_silent_about_them(desk: Desk) -> None:
    day = (desk.now + timedelta(days=10)).date().isoformat()
    number = await desk.order("silent", requested_for="mona", variables={"day": day})
    await desk.leave("rita", number)
    assert (await desk.document(number)).in_their_place == [f"p:{desk.ids['dora']}"]


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
    reports = ["people.ida.manager", "people.ingo.manager"]
    assert owned == ["groups.desk.manager", *reports, "process_owner@it"]
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
