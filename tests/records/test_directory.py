from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.directory import GroupEdit, NewGroup, NewPerson, PersonEdit, RoleHolding
from steadydesk.errors import ConflictingEdit, InvalidInput, StaleVersion, UnknownRecord
from steadydesk.records.directory import add_person, edit_person, list_people, read_person
from steadydesk.records.directory_approvers import (
    approvers,
    approvers_above,
    group_manager,
    group_members,
    line_above,
    manager_of,
    people_by_name,
)
from steadydesk.records.directory_events import Author, chain, group_subject, installation
from steadydesk.records.directory_groups import (
    add_group,
    add_member,
    edit_group,
    read_group,
    read_group_with_members,
    remove_member,
)
from steadydesk.records.directory_standing import standing
from steadydesk.records.tables.directory import person
from steadydesk.records.tables.journal import audit
from tests.support.directory import NOW, standing_of

BY = installation(NOW)


async def names_of(connection: AsyncConnection, ids: list[str]) -> list[str]:
    return [(await read_person(connection, one)).user_name for one in ids]


async def test_standing_has_everything_about_a_person(connection: AsyncConnection) -> None:
    ada, cleo = await standing_of(connection, "ada"), await standing_of(connection, "cleo")
    assert ada.groups == {"it-desk"}
    assert ada.sight == {f"p:{ada.person.id}", "g:it-desk"}
    assert {str(role) for role in ada.roles} == {"requester@*", "approver@*", "fulfiller@it"}
    assert cleo.sight == {f"p:{cleo.person.id}", "f:hr"}
    assert await standing(connection, "p_nobodyatall2", NOW) is None


async def test_nobody_sees_by_an_inactive_group(connection: AsyncConnection) -> None:
    await edit_group(connection, "it-desk", GroupEdit(active=False), None, BY)
    assert (await standing_of(connection, "ada")).groups == frozenset()
    assert await group_members(connection, "it-desk") == []


async def test_approvers_leave_out_service_accounts_and_the_line_passes_over_the_inactive(
    connection: AsyncConnection,
) -> None:
    assert await names_of(connection, await group_members(connection, "it-desk")) in (
        ["ada", "bob"],
        ["bob", "ada"],
    )
    ids = await people_by_name(connection, ["dan", "ada", "mia", "Root", "nobody"])
    assert set(ids) == {"dan", "ada", "mia", "root"}
    assert await line_above(connection, ids["dan"]) == [ids["ada"], ids["mia"], ids["root"]]
    assert await line_above(connection, ids["root"]) == []
    assert await group_manager(connection, "it-desk") == ids["mia"]
    assert await manager_of(connection, ids["dan"]) == ids["ada"]


@pytest.mark.parametrize("top", ["ada", "mia", "root"])
async def test_a_circle_of_managers_ends(connection: AsyncConnection, top: str) -> None:
    ids = await people_by_name(connection, ["dan", "ada", "mia", "root"])
    await connection.execute(update(person).where(person.c.id == ids["root"]).values(manager=ids[top]))
    line = await line_above(connection, ids["dan"])
    assert line == [ids["ada"], ids["mia"], ids["root"]]
    assert ids["dan"] not in await line_above(connection, ids["ada"])


@pytest.mark.parametrize("under", ["dan", "ada", "root"])
@pytest.mark.parametrize("circle", [True, False])
async def test_the_line_with_its_facts_is_the_line_and_its_facts(
    connection: AsyncConnection, under: str, *, circle: bool
) -> None:
    ids = await people_by_name(connection, ["dan", "dan-admin", "ada", "mia", "root"])
    if circle:
        await connection.execute(update(person).where(person.c.id == ids["root"]).values(manager=ids["mia"]))
    await connection.execute(update(person).where(person.c.id == ids["ada"]).values(active=False))
    asked = {ids["dan-admin"], ids[under], "p_nobodyatall2"}
    line, facts = await approvers_above(connection, ids[under], asked, NOW)
    assert line == await line_above(connection, ids[under])
    assert {*line, ids["dan-admin"], ids[under]} <= facts.keys()
    assert facts == await approvers(connection, facts.keys(), None, NOW)


async def test_approver_facts_of_two_accounts_of_one_person(connection: AsyncConnection) -> None:
    ids = await people_by_name(connection, ["dan", "dan-admin", "robot"])
    facts = await approvers(connection, list(ids.values()), None, NOW)
    assert facts[ids["dan-admin"]].natural == facts[ids["dan"]].natural == ids["dan"]
    assert facts[ids["dan"]].can_decide
    assert not facts[ids["robot"]].can_decide


async def test_edits_count_versions_and_refuse_stale_ones(connection: AsyncConnection) -> None:
    person = await add_person(connection, NewPerson(user_name="Eve.Ning", name="Eve"), BY)
    assert person.user_name == "eve.ning"
    assert person.version == 1
    roles = [RoleHolding.parse("operator")]
    edited = await edit_person(connection, person.id, PersonEdit(name="Eva", roles=roles), 1, BY)
    assert (edited.name, edited.version) == ("Eva", 2)
    assert RoleHolding.parse("operator") in (await standing_of(connection, "eve.ning")).roles
    with pytest.raises(StaleVersion) as caught:
        await edit_person(connection, person.id, PersonEdit(name="Evi"), 1, BY)
    assert caught.value.details == {"version": 2}
    assert (await read_person(connection, person.id)).name == "Eva"


async def test_an_edit_keeps_what_it_does_not_name_and_empties_what_is_null(
    connection: AsyncConnection,
) -> None:
    ada = (await standing_of(connection, "ada")).person
    edited = await edit_person(connection, ada.id, PersonEdit(email=None), ada.version, BY)
    assert edited.email is None
    assert edited.manager == ada.manager
    assert (await standing_of(connection, "ada")).groups == {"it-desk"}


async def test_taken_and_unknown_names_are_refused_with_their_place(connection: AsyncConnection) -> None:
    with pytest.raises(ConflictingEdit) as taken:
        await add_person(connection, NewPerson(user_name="ada", name="Another"), BY)
    assert taken.value.pointer == "/user_name"
    with pytest.raises(InvalidInput) as unknown:
        await add_person(connection, NewPerson(user_name="fay", name="Fay", manager="p_nobodyatall2"), BY)
    assert [problem.pointer for problem in unknown.value.problems] == ["/manager"]
    with pytest.raises(UnknownRecord):
        await edit_person(connection, "p_nobodyatall2", PersonEdit(name="X"), 1, BY)
    with pytest.raises(ConflictingEdit):
        await add_group(connection, NewGroup(key="choir", label="Again"), BY)


async def test_pages_go_on_where_they_stopped(connection: AsyncConnection) -> None:
    seen: list[str] = []
    after = None
    for _ in range(10):
        page = await list_people(connection, after=after, limit=3)
        seen += [card.user_name for card in page.items]
        after = page.after
        if after is None:
            break
    assert seen == ["ada", "bob", "cleo", "dan", "dan-admin", "mia", "robot", "root"]
    with pytest.raises(InvalidInput):
        await list_people(connection, after="bm90aGluZw")


async def test_search_takes_words_as_they_are(connection: AsyncConnection) -> None:
    assert [card.user_name for card in (await list_people(connection, words="EXAMPLE.org")).items] == ["ada"]
    assert (await list_people(connection, words="%")).items == []
    assert len((await list_people(connection, group="it-desk")).items) == 3


async def test_members_come_and_go_and_count_as_edits_of_the_group(connection: AsyncConnection) -> None:
    dan = (await standing_of(connection, "dan")).person
    before = await read_group(connection, "choir")
    await add_member(connection, "choir", dan.id, BY)
    await add_member(connection, "choir", dan.id, BY)
    group = await read_group_with_members(connection, "choir")
    assert [member.user_name for member in group.members] == ["bob", "dan"]
    with pytest.raises(StaleVersion):
        await edit_group(connection, "choir", GroupEdit(label="X"), before.version, BY)
    await remove_member(connection, "choir", dan.id, BY)
    assert "choir" not in (await standing_of(connection, "dan")).groups
    with pytest.raises(UnknownRecord):
        await add_member(connection, "nobody", dan.id, BY)
    with pytest.raises(UnknownRecord):
        await add_member(connection, "choir", "p_nobodyatall2", BY)
    events = await audited(connection, group_subject("choir"))
    assert events == ["group.imported", "group.member-added", "group.member-removed"]


async def audited(connection: AsyncConnection, subject: str) -> list[str]:
    rows = await connection.execute(select(audit).where(audit.c.number == subject).order_by(audit.c.position))
    events, previous = [], None
    for position, row in enumerate(rows, start=1):
        assert row.position == position
        assert previous in (None, row.previous)
        previous = row.hash
        events.append(row.event)
    return events


async def test_every_change_of_a_person_is_chained(connection: AsyncConnection) -> None:
    ada = (await standing_of(connection, "ada")).person
    author = Author("p_adminadmin22", NOW + timedelta(hours=1))
    for name in ("Ada L.", "Ada Lovelace"):
        await edit_person(connection, ada.id, PersonEdit(name=name), None, author)
    assert await audited(connection, ada.id) == ["person.imported", "person.edited", "person.edited"]
    facts = await connection.scalars(select(audit.c.facts).where(audit.c.number == ada.id))
    assert "Lovelace" not in str(list(facts))


async def test_the_witness_may_be_another_one(connection: AsyncConnection) -> None:
    told: list[str] = []

    async def witness(_: AsyncConnection, event: object) -> None:
        told.append(str(event))

    await add_person(
        connection, NewPerson(user_name="gil", name="Gil"), Author("service", NOW, witness=witness)
    )
    assert len(told) == 1
    assert "person.added" in told[0]
    assert Author("service", NOW).witness is chain


@pytest.mark.parametrize(
    ("account", "first"),
    [("bob", "bob"), ("bob", "dan-admin"), ("dan", "bob"), ("dan", "dan-admin"), (None, "dan-admin")],
)
async def test_every_other_account_names_the_first_one(
    connection: AsyncConnection, account: str | None, first: str
) -> None:
    """Dan's second account names his first: no account names the second, and the first names none."""
    named = (await standing_of(connection, first)).person.id
    new = NewPerson(user_name="dan-third", name="Dan", natural_person=named)
    asked = (
        edit_person(
            connection,
            (await standing_of(connection, account)).person.id,
            PersonEdit(natural_person=named),
            None,
            BY,
        )
        if account
        else add_person(connection, new, BY)
    )
    with pytest.raises(InvalidInput) as chained:
        await asked
    assert [problem.pointer for problem in chained.value.problems] == ["/natural_person"]


@pytest.mark.parametrize("above", ["mia", "ada", "dan"])
async def test_nobody_comes_to_stand_above_themselves(connection: AsyncConnection, above: str) -> None:
    """Not even by way of somebody who has left."""
    ids = await people_by_name(connection, ["root", "mia", "ada", "dan"])
    await connection.execute(update(person).where(person.c.id == ids["mia"]).values(active=False))
    with pytest.raises(InvalidInput) as refused:
        await edit_person(connection, ids["root"], PersonEdit(manager=ids[above]), None, BY)
    [problem] = refused.value.problems
    assert problem.pointer == "/manager"
    assert f"'root' → '{above}'" in problem.message
    assert "'mia' → 'root'" in problem.message
    own = await edit_person(connection, ids["root"], PersonEdit(manager=ids["root"]), None, BY)
    assert own.manager == ids["root"]


async def test_a_third_account_names_the_first_one_too(connection: AsyncConnection) -> None:
    dan, admin = [(await standing_of(connection, name)).person for name in ("dan", "dan-admin")]
    third = await add_person(connection, NewPerson(user_name="dan-3", name="Dan", natural_person=dan.id), BY)
    assert third.natural == admin.natural == dan.id
    kept = await edit_person(connection, admin.id, PersonEdit(natural_person=dan.id), None, BY)
    assert kept.natural == dan.id
