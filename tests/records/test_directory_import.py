from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.directory_document import DirectoryDocument, GroupEntry, PersonEntry
from steadydesk.errors import InvalidInput
from steadydesk.policies.directory import Present, difference
from steadydesk.records.directory_document import parse_csv, parse_yaml, read_directory
from steadydesk.records.directory_import import apply_directory
from steadydesk.records.directory_present import read_present
from steadydesk.records.tables.directory import person
from tests.support.directory import NOW, PEOPLE, standing_of


async def test_a_second_time_changes_nothing(connection: AsyncConnection) -> None:
    again = await apply_directory(connection, PEOPLE, NOW)
    assert again.is_empty
    assert again.unchanged == len(PEOPLE.people) + len(PEOPLE.groups)


async def test_a_dry_run_tells_what_the_import_then_does(connection: AsyncConnection) -> None:
    document = parse_csv(
        "user_name,name,manager,groups,roles,active\n"
        "ada,Ada Lovelace,mia,it-desk;choir,,\n"
        "bob,Bob,mia,,,no\n"
        "eve,Eve,ada,choir,operator;process_owner@it,\n",
        "people.csv",
    )
    told = await apply_directory(connection, document, NOW, dry_run=True)
    assert (await standing_of(connection, "bob")).person.active
    done = await apply_directory(connection, document, NOW)
    assert told == done
    assert [(change.kind, change.key, change.fields) for change in done.changes] == [
        ("changed", "ada", ["name", "groups"]),
        ("removed", "bob", ["groups", "active"]),
        ("added", "eve", []),
    ]
    assert done.departures == ["bob"]
    assert not (await standing_of(connection, "bob")).person.active
    eve = await standing_of(connection, "eve")
    assert eve.groups == {"choir"}
    assert "f:it" in eve.sight
    assert (await apply_directory(connection, document, NOW)).is_empty


async def test_complete_takes_out_who_is_missing_but_no_service_account(connection: AsyncConnection) -> None:
    kept = [entry for entry in PEOPLE.people if entry.user_name in ("root", "mia", "ada")]
    document = DirectoryDocument(people=kept, complete=True)
    done = await apply_directory(connection, document, NOW)
    assert done.departures == ["bob", "cleo", "dan", "dan-admin"]
    assert (await standing_of(connection, "robot")).person.active


async def test_who_comes_back_is_active_again(connection: AsyncConnection) -> None:
    entry = next(one for one in PEOPLE.people if one.user_name == "bob")
    gone = DirectoryDocument(people=[entry.model_copy(update={"active": False})])
    await apply_directory(connection, gone, NOW)
    assert (await apply_directory(connection, DirectoryDocument(people=[entry]), NOW)).is_empty
    again = DirectoryDocument(people=[entry.model_copy(update={"active": True})])
    back = await apply_directory(connection, again, NOW)
    assert (back.changes[0].fields, back.returns) == (["active"], ["bob"])
    assert (await standing_of(connection, "bob")).groups == {"it-desk", "choir"}


@pytest.mark.parametrize("who", ["ada", "dan-admin", "robot", "cleo"])
async def test_columns_that_a_file_does_not_have_change_nothing(
    connection: AsyncConnection, who: str
) -> None:
    before = (await read_present(connection)).people[who]
    told = await apply_directory(
        connection, parse_csv(f"user_name,name\n{who},New\n", "people.csv"), NOW, dry_run=True
    )
    done = await apply_directory(connection, parse_csv(f"user_name,name\n{who},New\n", "people.csv"), NOW)
    assert told == done
    assert [(change.key, change.fields) for change in done.changes] == [(who, ["name"])]
    assert (await read_present(connection)).people[who] == before.model_copy(update={"name": "New"})


async def test_an_empty_cell_empties_what_can_be_empty_and_nothing_else(connection: AsyncConnection) -> None:
    table = (
        "user_name,name,email,manager,groups,roles,language,zone,service_account,active\n"
        "ada,Ada,,,,,,,,\n"
        "robot,Robot,,,,,,,,\n"
    )
    before = (await read_present(connection)).people
    await apply_directory(connection, parse_csv(table, "people.csv"), NOW)
    after = (await read_present(connection)).people
    emptied = {"email": None, "manager": None, "groups": [], "roles": []}
    assert after["ada"] == before["ada"].model_copy(update=emptied)
    assert after["robot"] == before["robot"].model_copy(update=emptied)


async def test_an_account_that_becomes_a_voter_is_named(connection: AsyncConnection) -> None:
    table = "user_name,name,service_account\nrobot,Robot,no\nada,Ada,no\n"
    told = await apply_directory(connection, parse_csv(table, "people.csv"), NOW, dry_run=True)
    assert told.service_accounts == ["robot"]


async def test_a_group_keeps_what_its_row_does_not_say(connection: AsyncConnection) -> None:
    before = (await read_present(connection)).groups["it-desk"]
    await apply_directory(connection, parse_csv("key,label\nit-desk,Desk\n", "groups.csv"), NOW)
    after = (await read_present(connection)).groups["it-desk"]
    assert after == before.model_copy(update={"label": "Desk"})


async def test_references_to_nobody_are_all_listed_and_nothing_is_done(connection: AsyncConnection) -> None:
    before = await connection.scalar(select(func.count()).select_from(person))
    document = DirectoryDocument(
        people=[PersonEntry(user_name="eve", name="Eve", manager="noone", groups=["choir", "nogroup"])],
        groups=[GroupEntry(key="new", label="New", manager="noone")],
    )
    with pytest.raises(InvalidInput) as caught:
        await apply_directory(connection, document, NOW)
    pointers = [problem.pointer for problem in caught.value.problems]
    assert pointers == ["/people/0/manager", "/people/0/groups/1", "/groups/0/manager"]
    assert await connection.scalar(select(func.count()).select_from(person)) == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("user_name,name\nada,Ada,extra\n", "people.csv:2: the row has more cells than the header"),
        ("user_name,nam\nada,Ada\n", "people.csv:1: unknown columns nam; known are user_name"),
        ("name\nAda\n", "people.csv:1: the header needs a column 'user_name'"),
        ("", "people.csv:1: the header needs a column 'user_name'"),
        ('user_name,name\nada,"A\nB"\neve,\n', "people.csv:4: name: is missing or empty"),
        ("user_name,name,roles\nada,Ada,fulfiller@it;king\n", "people.csv:2: roles: 'king' is not a role"),
        (
            "user_name,name,zone\nada,Ada,Mars/Base\n",
            "people.csv:2: zone: 'Mars/Base' is not an IANA time zone",
        ),
        ("user_name,name\nada,Ada\nADA,Ada\n", "people.csv:1: the same user name comes twice: ada"),
        ("user_name,name,email\nada,Ada,a b\n", "people.csv:2: email: 'a b' is no e-mail address such as"),
        ("user_name,name\nada!,Ada\n", "people.csv:2: user_name: 'ada!' is no user name: letters, digits"),
        ("user_name,name,groups\nada,Ada,choir;It\n", "people.csv:2: groups: 'It' is no key: small letters"),
        ("user_name,name,active\nada,Ada,maybe\n", "people.csv:2: active: 'maybe' is neither true nor false"),
        ("user_name,name,roles\nada,Ada,fulfiller@I T\n", "people.csv:2: roles: 'fulfiller@I T': a role is"),
        ("user_name,name,roles\nada,Ada,process_owner\n", "people.csv:2: roles: a process owner owns a"),
    ],
)
def test_faults_of_a_csv_name_file_and_line(content: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_csv(content, "people.csv")
    assert "1 faults" not in caught.value.message
    assert caught.value.problems[0].message.startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "people:\n  - user_name: ada\n    name: Ada\n    colour: red\n",
            "d.yaml:4: colour: is not known here",
        ),
        ("people:\n  - user_name: ada\n", "d.yaml:2: name: is missing or empty"),
        ("people: [\n", "d.yaml:2: "),
        ("- ada\n", "d.yaml:1: a directory file is a mapping"),
        ("persons: []\n", "d.yaml:1: persons: is not known here"),
    ],
)
def test_faults_of_a_yaml_name_file_and_line(content: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_yaml(content, "d.yaml")
    assert caught.value.problems[0].message.startswith(message)


def test_files_are_read_by_their_ending(tmp_path: Path) -> None:
    table, tree, other = tmp_path / "p.csv", tmp_path / "p.yaml", tmp_path / "p.txt"
    table.write_text("\ufeffkey,label\nchoir,Choir\n", encoding="utf-8")
    tree.write_text("groups:\n  - {key: choir, label: Choir}\n")
    other.write_text("")
    assert read_directory(table) == read_directory(tree)
    with pytest.raises(InvalidInput, match="ends in"):
        read_directory(other)
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_directory(tmp_path / "missing.csv")


ENTRIES = st.builds(
    PersonEntry,
    user_name=st.sampled_from(["a", "b", "c", "d"]),
    name=st.sampled_from(["X", "Y"]),
    manager=st.none() | st.sampled_from(["a", "b"]),
    groups=st.none() | st.lists(st.sampled_from(["g", "h"]), unique=True),
    active=st.booleans(),
)
PEOPLE_LISTS = st.lists(ENTRIES, unique_by=lambda entry: entry.user_name)


@given(PEOPLE_LISTS, PEOPLE_LISTS, st.booleans())
def test_applied_a_difference_is_empty(
    now: list[PersonEntry], then: list[PersonEntry], complete: bool
) -> None:
    present = {
        entry.user_name: entry.model_copy(update={"groups": entry.groups or [], "roles": []}) for entry in now
    }
    document = DirectoryDocument(people=then, complete=complete)
    found = difference(Present(people=present), document)
    after = dict(present)
    listed = {entry.user_name: entry for entry in then}
    for change in found.changes:
        old, new = present.get(change.key), listed.get(change.key)
        if new is None:
            assert old is not None
            after[change.key] = old.model_copy(update={"active": False})
            continue
        groups = new.groups if new.groups is not None else (old.groups if old else [])
        after[change.key] = new.model_copy(update={"groups": groups, "roles": []})
    assert difference(Present(people=after), document).is_empty
    if complete:
        assert {name for name, entry in after.items() if entry.active} == {
            name for name, entry in listed.items() if entry.active
        }


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_circle_of_managers_is_refused_at_its_rows(
    connection: AsyncConnection, *, dry_run: bool
) -> None:
    table = "user_name,name,manager\neve,Eve,ada\nroot,Root,dan\n"
    with pytest.raises(InvalidInput) as refused:
        await apply_directory(connection, parse_csv(table, "people.csv"), NOW, dry_run=dry_run)
    [problem] = refused.value.problems
    assert problem.pointer == "/people/1/manager"
    assert "'root' → 'dan' → 'ada' → 'mia' → 'root'" in problem.message


@pytest.mark.parametrize(("account", "first"), [("bob", "bob"), ("bob", "dan-admin"), ("dan", "bob")])
async def test_no_account_names_a_second_account(
    connection: AsyncConnection, account: str, first: str
) -> None:
    entry = {"user_name": account, "name": "Somebody", "same_person_as": first}
    document = DirectoryDocument.model_validate({"complete": False, "people": [entry]})
    with pytest.raises(InvalidInput) as chained:
        await apply_directory(connection, document, NOW)
    assert [problem.pointer for problem in chained.value.problems] == ["/people/0/same_person_as"]


@pytest.mark.parametrize(
    "content",
    [
        'user_name;name;groups\r\nzoe;Zoë Größe;"choir;it-desk"\r\n',
        "user_name\tname\tgroups\nzoe\tZoë Größe\tchoir;it-desk\n",
        "user_name,name,groups\nzoe,Zoë Größe,choir;it-desk\n",
    ],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_table_is_parted_as_its_header_is(tmp_path: Path, content: str, mark: str) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes((mark + content).encode())
    (zoe,) = read_directory(file).people
    assert (zoe.user_name, zoe.name, zoe.groups) == ("zoe", "Zoë Größe", ["choir", "it-desk"])


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        (b"user_name,name\nj,J\xfcrgen\n", ":2: ", "'CSV UTF-8'"),
        (b"user_name,name,name\nj,J,K\n", ":1: ", "'name' stands twice"),
        (b"a" * 200_000, ":1: ", "field larger than field limit"),
        (b"", ":1: ", "needs a column 'user_name'"),
    ],
)
def test_a_file_that_is_no_table_is_refused_at_its_line(
    tmp_path: Path, content: bytes, place: str, words: str
) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(content)
    with pytest.raises(InvalidInput) as refused:
        read_directory(file)
    assert f"{file}{place}" in refused.value.message
    assert words in refused.value.message


@pytest.mark.parametrize(
    "content",
    ["people: [\x07]\n", "[" * 3000, f"people: {'9' * 5000}\n", "people: 2027-13-45\n", "people: !!int x\n"],
)
def test_what_is_no_yaml_at_all_is_refused_too(content: str) -> None:
    with pytest.raises(InvalidInput, match=r"d\.yaml:1: this is not YAML"):
        parse_yaml(content, "d.yaml")
