"""Who is asked at a gate: the directory as of now, up the line, the fallback, later members, accounts of one person."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from steadydesk.contracts.directory_document import DirectoryDocument, PersonEntry
from steadydesk.contracts.gate import GateState
from steadydesk.records.directory_approvers import approvers
from steadydesk.records.directory_departure import deactivate
from steadydesk.records.directory_events import installation
from steadydesk.records.directory_import import apply_directory
from steadydesk.records.tables.approval import approver
from steadydesk.records.tables.approval import gate as gate_table
from tests.support.locks import until_it_waits
from tests.support.request_desk import Desk, gate_of, refused
from tests.support.requests import NOW

# who is asked


async def test_a_group_is_asked_without_its_service_accounts(desk: Desk) -> None:
    gate = await gate_of(desk, "board-any")
    assert await desk.asked(gate) == ["ann", "ben", "cem"]
    rows = await desk.rows(approver, approver.c.gate == gate)
    assert {(row.state, row.capacity) for row in rows} == {("requested", "group:board")}
    [row] = await desk.rows(gate_table, gate_table.c.id == gate)
    assert row.due_at == NOW + timedelta(hours=16)


@pytest.mark.parametrize(
    ("by", "asked"),
    [
        ("rita", ["mona"]),
        ("mona", ["dora"]),
        ("dora", ["otto"]),  # nobody above: the fallback group
        ("selma", ["otto"]),  # her own manager
        ("solo", ["otto"]),  # no manager
        ("lea", ["leo"]),  # a circle, which still has another person in it
    ],
)
async def test_the_manager_is_found_up_the_line_or_the_fallback_decides(
    desk: Desk, by: str, asked: list[str]
) -> None:
    await desk.change_person("lea", manager=desk.ids["leo"])
    assert await desk.asked(await gate_of(desk, "manager", by=by)) == asked


async def test_an_inactive_manager_is_passed_over(desk: Desk) -> None:
    await desk.change_person("mona", active=False)
    assert await desk.asked(await gate_of(desk, "manager")) == ["dora"]
    await desk.change_person("dora", active=False)
    assert await desk.asked(await gate_of(desk, "manager")) == ["otto"]


@pytest.mark.parametrize(
    ("item", "leaver", "asked"),
    [
        ("board-any", "ann", ["ben", "cem"]),
        ("manager", "mona", ["dora"]),
        ("one-person", "dan", ["dora"]),
    ],
)
async def test_an_order_waits_for_a_departure_and_asks_who_stays(
    desk: Desk, item: str, leaver: str, asked: list[str]
) -> None:
    """The departure has not found the gate, so that nobody would ever take the leaver out of it."""
    async with desk.engine.begin() as connection:
        await deactivate(connection, desk.ids[leaver], installation(desk.now))
        asking = asyncio.create_task(gate_of(desk, item))
        await until_it_waits(desk.owner, asking)
    assert await desk.asked(await asking) == asked


async def test_an_import_and_a_gate_do_not_wait_for_each_other_in_turn(desk: Desk) -> None:
    """Whatever the order of the document, an import holds people in the order in which a gate does."""
    first, second = sorted(("ann", "ben"), key=desk.ids.__getitem__)
    renamed = [PersonEntry(user_name=name, name=f"{name} renamed") for name in (second, first)]
    async with desk.engine.begin() as gate:
        await approvers(gate, desk.ids.values(), None, desk.now, staying=[desk.ids[first]])
        importing = asyncio.create_task(_import(desk, DirectoryDocument(people=renamed)))
        await until_it_waits(desk.owner, importing)
        await approvers(gate, desk.ids.values(), None, desk.now, staying=[desk.ids[second]])
    await importing


async def _import(desk: Desk, document: DirectoryDocument) -> None:
    async with desk.engine.begin() as connection:
        await apply_directory(connection, document, desk.now)


async def test_nobody_is_added_who_is_just_leaving(desk: Desk) -> None:
    gate = await gate_of(desk, "board-any")
    async with desk.engine.begin() as connection:
        await deactivate(connection, desk.ids["dora"], installation(desk.now))
        adding = asyncio.create_task(refused(desk.add_approver(gate, "dora", by="otto")))
        await until_it_waits(desk.owner, adding)
    assert await adding == "NotEligible"


async def test_a_manager_who_is_the_requesters_other_account_is_nobody(desk: Desk) -> None:
    await desk.change_person("rita", manager=desk.ids["rita-admin"])
    assert "rita-admin" not in await desk.asked(await gate_of(desk, "manager"))


async def test_a_named_approver_who_cannot_decide_goes_up_the_line(desk: Desk) -> None:
    assert await desk.asked(await gate_of(desk, "one-person")) == ["dan"]
    await desk.change_person("dan", active=False)
    assert await desk.asked(await gate_of(desk, "one-person")) == ["dora"]


async def test_the_requester_named_as_approver_goes_up_the_line(desk: Desk) -> None:
    assert await desk.asked(await gate_of(desk, "one-person", by="dan")) == ["dora"]
    picked = {"approver": "rita"}
    assert await desk.asked(await gate_of(desk, "picked", variables=picked)) == ["mona"]


@pytest.mark.parametrize(
    ("picked", "asked"), [("dan", ["dan"]), ("board", ["ann", "ben", "cem"]), ("x", ["otto"])]
)
async def test_a_form_field_names_the_approver(desk: Desk, picked: str, asked: list[str]) -> None:
    assert await desk.asked(await gate_of(desk, "picked", variables={"approver": picked})) == asked


async def test_an_empty_group_is_never_skipped(desk: Desk) -> None:
    assert await desk.asked(await gate_of(desk, "nobody")) == ["otto"]


async def test_without_fallback_and_process_owners_the_administrators_decide(desk: Desk) -> None:
    await desk.change_person("otto", active=False)
    assert await desk.asked(await gate_of(desk, "nobody")) == ["ines"]
    await desk.change_person("ines", active=False)
    assert await desk.asked(await gate_of(desk, "nobody")) == ["root"]


async def test_too_few_for_the_rule_are_filled_up_from_the_fallback(desk: Desk) -> None:
    for name in ("ann", "ben"):
        await desk.quit(name, "board")
    assert await desk.asked(await gate_of(desk, "board-two")) == ["cem", "otto"]


async def test_the_requester_in_the_group_is_left_out_with_every_account(desk: Desk) -> None:
    await desk.join("rita-admin", "board")
    assert await desk.asked(await gate_of(desk, "board-any")) == ["ann", "ben", "cem"]
    assert await desk.asked(await gate_of(desk, "board-any", by="ann-two")) == ["ben", "cem", "rita-admin"]


async def test_a_group_of_whom_nobody_may_decide_goes_up_the_line_before_the_fallback(desk: Desk) -> None:
    for name in ("ben", "cem"):
        await desk.quit(name, "board")
    await desk.change_person("ann", manager=desk.ids["dora"])
    assert await desk.asked(await gate_of(desk, "board-any", by="ann")) == ["dora"]
    await desk.change_person("ann", manager=None)
    assert await desk.asked(await gate_of(desk, "board-any", by="ann")) == ["otto"]


async def test_who_it_is_for_is_left_out_when_the_policy_says_so(desk: Desk) -> None:
    gate = await gate_of(desk, "for-both", requested_for="ann")
    assert await desk.asked(gate) == ["ben", "cem"]
    assert await desk.asked(await gate_of(desk, "board-any", requested_for="ann")) == ["ann", "ben", "cem"]


async def test_the_manager_whom_it_is_for_is_passed_over_up_the_line(desk: Desk) -> None:
    assert await desk.asked(await gate_of(desk, "line-for-both")) == ["mona"]
    assert await desk.asked(await gate_of(desk, "line-for-both", requested_for="mona")) == ["dora"]


async def test_two_accounts_of_one_person_are_asked_once(desk: Desk) -> None:
    await desk.join("ann-two", "board")
    gate = await gate_of(desk, "board-all")
    assert len(await desk.asked(gate)) == 3


@pytest.mark.parametrize(("cost", "stages"), [(500, ["first", "second"]), (50, ["second"])])
async def test_a_stage_whose_condition_fails_is_not_needed_and_one_in_doubt_is(
    desk: Desk, cost: int, stages: list[str]
) -> None:
    line = await desk.line(await desk.order("when", variables={"cost": cost}))
    assert line.stages == stages


async def test_later_members_join_only_by_being_added(desk: Desk) -> None:
    gate = await gate_of(desk, "board-all")
    await desk.join("dan", "board")
    assert await refused(desk.decide(gate, "approved", "dan")) == "NotEligible"
    sent = len(await desk.events(gate[:-3]))
    await desk.add_approver(gate, "dan")
    assert await desk.asked(gate) == ["ann", "ben", "cem", "dan"]
    assert (await desk.events(gate[:-3]))[sent:] == ["approval.requested"]
    await desk.add_approver(gate, "dan")
    assert len(await desk.asked(gate)) == 4
    for name in ("ann", "ben", "cem"):
        await desk.decide(gate, "approved", name)
    assert (await desk.gate(gate)).is_open
    await desk.decide(gate, "approved", "dan")
    assert (await desk.gate(gate)).state is GateState.APPROVED


@pytest.mark.parametrize(("by", "whom"), [("otto", "otto"), ("ann-two", "ann"), ("ann", "ann-two")])
async def test_nobody_adds_themselves(desk: Desk, by: str, whom: str) -> None:
    gate = await gate_of(desk, "manager")
    with pytest.raises(ApplicationError) as caught:
        await desk.add_approver(gate, whom, by)
    assert (caught.value.type, caught.value.details[0]["pointer"]) == ("NotAllowed", "/person")
    assert await desk.asked(gate) == ["mona"]
    await desk.add_approver(gate, whom, by="ben")
    assert set(await desk.asked(gate)) == {"mona", whom}


@pytest.mark.parametrize(
    ("whom", "refusal"),
    [("rita", "SelfApproval"), ("rita-admin", "SelfApproval"), ("robot", "NotEligible")],
)
async def test_who_cannot_be_added(desk: Desk, whom: str, refusal: str) -> None:
    gate = await gate_of(desk, "board-any")
    assert await refused(desk.add_approver(gate, whom)) == refusal
