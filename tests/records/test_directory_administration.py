"""Somebody administers the organisation, whatever is changed."""

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.directory import PersonEdit, RoleHolding
from steadydesk.contracts.directory_document import DirectoryDocument
from steadydesk.contracts.identity import OidcClaims, OidcMapping
from steadydesk.errors import Conflict, LastAdministrator
from steadydesk.records.directory import edit_person
from steadydesk.records.directory_claims import follow_claims
from steadydesk.records.directory_departure import deactivate
from steadydesk.records.directory_events import Author, installation
from steadydesk.records.directory_facts import administrators
from steadydesk.records.directory_import import apply_directory
from steadydesk.records.doctor_ownership import examine_administration
from steadydesk.records.tables.directory import role_holder
from tests.support.directory import NOW, standing_of

BY = installation(NOW)
ADMINISTRATOR = RoleHolding.parse("administrator")


async def also_mia(connection: AsyncConnection) -> str:
    mia = (await standing_of(connection, "mia")).person.id
    await edit_person(connection, mia, PersonEdit(roles=[ADMINISTRATOR]), None, BY)
    return mia


async def test_the_last_one_keeps_the_role_and_stays(connection: AsyncConnection) -> None:
    root = (await standing_of(connection, "root")).person.id
    mia = await also_mia(connection)
    await edit_person(connection, mia, PersonEdit(roles=[]), None, BY)
    with pytest.raises(LastAdministrator) as left:
        await deactivate(connection, root, BY)
    assert [(one.pointer, one.where) for one in left.value.problems] == [("/person_id", "path")]


async def test_the_role_of_the_last_one_is_not_taken(connection: AsyncConnection) -> None:
    root = (await standing_of(connection, "root")).person.id
    with pytest.raises(LastAdministrator) as taken:
        await edit_person(connection, root, PersonEdit(roles=[]), None, BY)
    assert [one.pointer for one in taken.value.problems] == ["/roles"]


@pytest.mark.parametrize(
    ("document", "pointers"),
    [
        ({"people": [{"user_name": "root", "name": "Root", "roles": []}]}, ["/people/0"]),
        ({"people": [{"user_name": "root", "name": "Root", "active": False}]}, ["/people/0"]),
        ({"people": [{"user_name": "root", "name": "Root", "service_account": True}]}, ["/people/0"]),
        ({"people": [{"user_name": "mia", "name": "Mia"}], "complete": True}, ["/complete"]),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
async def test_no_import_takes_the_last_one_away(
    connection: AsyncConnection, document: dict[str, object], pointers: list[str], dry_run: bool
) -> None:
    wanted = DirectoryDocument.model_validate(document)
    with pytest.raises(LastAdministrator) as caught:
        await apply_directory(connection, wanted, NOW, dry_run=dry_run)
    assert [one.pointer for one in caught.value.problems] == pointers


async def test_an_import_may_replace_the_last_one(connection: AsyncConnection) -> None:
    mia = (await standing_of(connection, "mia")).person.id
    await deactivate(connection, mia, BY)
    people = [
        {"user_name": "root", "name": "Root", "active": False},
        {"user_name": "mia", "name": "Mia", "active": True, "roles": ["administrator"]},
    ]
    await apply_directory(connection, DirectoryDocument.model_validate({"people": people}), NOW)
    assert await administrators(connection) == [mia]


@pytest.mark.parametrize("dry_run", [True, False])
async def test_nobody_leaves_by_their_own_import(connection: AsyncConnection, dry_run: bool) -> None:
    mia = await also_mia(connection)
    wanted = DirectoryDocument.model_validate(
        {"people": [{"user_name": "root", "name": "Root"}], "complete": True}
    )
    with pytest.raises(Conflict, match="Nobody deactivates themselves"):
        await apply_directory(connection, wanted, NOW, author=Author(mia, NOW), dry_run=dry_run)


async def test_claims_leave_the_role_with_the_last_one(connection: AsyncConnection) -> None:
    mapping = OidcMapping(roles={"admin": ADMINISTRATOR})
    claims = OidcClaims(user_name="root", expires_at=NOW, roles=frozenset())
    root = await standing_of(connection, "root")
    assert not await follow_claims(connection, root, claims, mapping, BY)
    assert await administrators(connection) == [root.person.id]
    await also_mia(connection)
    assert await follow_claims(connection, root, claims, mapping, BY)
    assert root.person.id not in await administrators(connection)


async def test_the_doctor_says_when_there_is_none(connection: AsyncConnection) -> None:
    assert await examine_administration(connection) == []
    await connection.execute(delete(role_holder).where(role_holder.c.role == "administrator"))
    (found,) = await examine_administration(connection)
    assert (found.check, found.number, found.serious) == ("owner", "administrator", True)
