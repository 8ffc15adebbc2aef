"""Changes of the directory at the same time: whoever comes second waits, sees what the first did, and nobody waits for
each other in turn.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from steadydesk.contracts.delegation import NewAbsence, NewDelegation
from steadydesk.contracts.directory import PersonEdit, RoleHolding
from steadydesk.contracts.directory_document import DirectoryDocument
from steadydesk.contracts.directory_event import DirectoryEvent
from steadydesk.contracts.identity import OidcClaims, OidcMapping
from steadydesk.errors import InvalidInput
from steadydesk.records.directory import edit_person, read_person
from steadydesk.records.directory_absence import add_absence, remove_absence
from steadydesk.records.directory_administration import lock_administration
from steadydesk.records.directory_claims import follow_claims
from steadydesk.records.directory_delegation import delegate, list_delegations
from steadydesk.records.directory_departure import deactivate
from steadydesk.records.directory_events import Author, chain, installation
from steadydesk.records.directory_import import apply_directory
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.directory import NOW, PEOPLE, database_of, standing_of
from tests.support.locks import until_it_waits

BY = installation(NOW)
DAY = timedelta(days=1)
ADMINISTRATOR = RoleHolding.parse("administrator")

Change = Callable[[AsyncConnection], Awaitable[object]]


@pytest.fixture
async def engine(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> AsyncIterator[AsyncEngine]:
    """What these tests write is committed: a database for each."""
    name = f"directory_locks_{abs(hash(request.node.name))}"
    async with database_of(postgres, name) as made:
        async with made.begin() as connection:
            await apply_directory(connection, PEOPLE, NOW)
        yield made


async def alone(engine: AsyncEngine, change: Change) -> None:
    async with engine.begin() as connection:
        await change(connection)


async def beside(engine: AsyncEngine, first: Change, second: Change) -> "asyncio.Task[None]":
    """The second, begun before the first is committed, and waiting for it if it ever does."""
    async with engine.begin() as connection:
        await first(connection)
        coming = asyncio.create_task(alone(engine, second))
        await until_it_waits(engine, coming)
    return coming


async def id_of(engine: AsyncEngine, name: str) -> str:
    async with engine.connect() as connection:
        return (await standing_of(connection, name)).person.id


def imported(*people: dict[str, object]) -> Change:
    async def change(connection: AsyncConnection) -> None:
        named = [{"name": str(entry["user_name"]).title(), **entry} for entry in people]
        await apply_directory(connection, DirectoryDocument.model_validate({"people": named}), NOW)

    return change


def edited(person_id: str, **fields: object) -> Change:
    async def change(connection: AsyncConnection) -> None:
        await edit_person(connection, person_id, PersonEdit.model_validate(fields), None, BY)

    return change


# nobody waits for each other in turn


async def leave(connection: AsyncConnection) -> None:
    await deactivate(connection, (await standing_of(connection, "mia")).person.id, BY)


async def lose_the_role(connection: AsyncConnection) -> None:
    mia = (await standing_of(connection, "mia")).person.id
    await edit_person(connection, mia, PersonEdit(name="Mia M.", roles=[]), None, BY)


async def follow(connection: AsyncConnection) -> None:
    mapping = OidcMapping(groups={"c": "choir"}, roles={"a": ADMINISTRATOR})
    claims = OidcClaims(user_name="mia", groups=frozenset({"choir"}), roles=frozenset(), expires_at=NOW + DAY)
    assert await follow_claims(connection, await standing_of(connection, "mia"), claims, mapping, BY)


@pytest.mark.parametrize("change", [leave, lose_the_role, follow])
async def test_an_import_and_what_takes_an_administrator_away(engine: AsyncEngine, change: Change) -> None:
    """Both lock the administration, then the person."""
    await alone(engine, edited(await id_of(engine, "mia"), roles=[ADMINISTRATOR]))
    async with engine.begin() as connection:
        await lock_administration(connection)
        changing = asyncio.create_task(alone(engine, change))
        await until_it_waits(engine, changing)
        await imported({"user_name": "mia", "name": "Mia N."})(connection)
    await changing


async def test_an_absence_that_is_taken_back_and_the_departure_of_its_person(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        ada, mia = await standing_of(connection, "ada"), await standing_of(connection, "mia")
        week = NewAbsence(begins_at=NOW, ends_at=NOW + 7 * DAY)
        entered = await add_absence(connection, ada.person.id, week, mia, BY)
        bob = (await standing_of(connection, "bob")).person.id
        new = NewDelegation(delegator=ada.person.id, delegate=bob, begins_at=NOW, ends_at=NOW + DAY)
        await delegate(connection, new, mia, Author(mia.person.id, NOW))
    leaving: list[asyncio.Task[None]] = []

    async def witness(connection: AsyncConnection, event: DirectoryEvent) -> None:
        await chain(connection, event)
        if event.event == "person.absence-removed":
            change = alone(engine, lambda other: deactivate(other, ada.person.id, BY))
            leaving.append(asyncio.create_task(change))
            await until_it_waits(engine, leaving[0])

    async with engine.begin() as connection:
        author = Author("service", NOW, witness=witness)
        [ended] = await remove_absence(connection, ada.person.id, entered.id, ada, author)
    await leaving[0]
    assert ended.delegate == bob


# whoever comes second sees what the first did


@pytest.mark.parametrize("leaver", ["ada", "bob"])
async def test_nothing_is_delegated_by_or_to_who_is_just_leaving(engine: AsyncEngine, leaver: str) -> None:
    """Their departure has not found the delegation: it would be in force again when they come back."""
    ids = {name: await id_of(engine, name) for name in ("ada", "bob")}
    new = NewDelegation(delegator=ids["ada"], delegate=ids["bob"], begins_at=NOW, ends_at=NOW + DAY)

    async def let(connection: AsyncConnection) -> None:
        await delegate(connection, new, by, Author(ids["ada"], NOW))

    async with engine.connect() as connection:
        by = await standing_of(connection, "ada")
    coming = await beside(engine, lambda connection: deactivate(connection, ids[leaver], BY), let)
    with pytest.raises(InvalidInput):
        await coming
    async with engine.connect() as connection:
        assert await list_delegations(connection, ids["ada"], by, NOW) == []


@pytest.mark.parametrize("import_first", [True, False])
async def test_no_chain_of_accounts_comes_about(engine: AsyncEngine, *, import_first: bool) -> None:
    """The import lets Bob's account name Ada's, the edit Cleo's name Bob's."""
    cleo = await id_of(engine, "cleo")
    edit = edited(cleo, natural_person=await id_of(engine, "bob"))
    name = imported({"user_name": "bob", "same_person_as": "ada"})
    changes = (name, edit) if import_first else (edit, name)
    with pytest.raises(InvalidInput, match=r"accounts cannot be|account of a person"):
        await (await beside(engine, *changes))


@pytest.mark.parametrize("kinds", ["edit, edit", "import, edit", "edit, import"])
async def test_no_circle_of_managers_comes_about(engine: AsyncEngine, kinds: str) -> None:
    """One puts Bob above Cleo, the other Cleo above Bob."""
    ids = {name: await id_of(engine, name) for name in ("bob", "cleo")}

    def put(kind: str, name: str, manager: str) -> Change:
        if kind == "edit":
            return edited(ids[name], manager=ids[manager])
        return imported({"user_name": name, "manager": manager})

    first, second = kinds.split(", ")
    with pytest.raises(InvalidInput, match="circle"):
        await (await beside(engine, put(first, "cleo", "bob"), put(second, "bob", "cleo")))
    async with engine.connect() as connection:
        assert (await read_person(connection, ids["cleo"])).manager == ids["bob"]
