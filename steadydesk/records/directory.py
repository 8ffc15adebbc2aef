"""People of the directory: read, listed, added and edited, each change with its version and audit row."""

from typing import Any

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.directory import NewPerson, Person, PersonCard, PersonEdit, RoleHolding
from steadydesk.contracts.page import Page, cursor, keys_of
from steadydesk.errors import ConflictingEdit, InvalidInput, Problem, UnknownRecord
from steadydesk.records.directory_administration import WOULD_BE_NONE, administered, lock_administration
from steadydesk.records.directory_events import Author
from steadydesk.records.directory_rows import CARD_COLUMNS, PERSON_COLUMNS, card_of, person_of
from steadydesk.records.directory_shape import check_manager
from steadydesk.records.directory_sight import made_owner
from steadydesk.records.first_account import check_first_account
from steadydesk.records.identifiers import new_id
from steadydesk.records.row_version import edit_row, stale
from steadydesk.records.tables.directory import membership, person, role_holder


async def read_person(connection: AsyncConnection, person_id: str) -> Person:
    """The person by id, active or not; UnknownRecord where there is none."""
    row = (await connection.execute(select(*PERSON_COLUMNS).where(person.c.id == person_id))).one_or_none()
    if row is None:
        raise UnknownRecord("There is no such person.")
    return person_of(row)


async def list_people(
    connection: AsyncConnection,
    *,
    words: str | None = None,
    group: str | None = None,
    active: bool | None = True,
    after: str | None = None,
    limit: int = 50,
) -> Page[PersonCard]:
    """People in order of user name; ``words`` is looked for in name, user name and e-mail; active None:
    all.
    """
    statement = select(*CARD_COLUMNS).order_by(person.c.user_name).limit(limit + 1)
    if words:
        found = (person.c.name, person.c.user_name, person.c.email)
        statement = statement.where(or_(*(column.icontains(words, autoescape=True) for column in found)))
    if group is not None:
        members = select(membership.c.person).where(membership.c.group_key == group)
        statement = statement.where(person.c.id.in_(members))
    if active is not None:
        statement = statement.where(person.c.active == active)
    if after is not None:
        statement = statement.where(person.c.user_name > keys_of(after, 1)[0])
    rows = (await connection.execute(statement)).all()
    people = [card_of(row) for row in rows[:limit]]
    return Page(items=people, after=cursor(people[-1].user_name) if len(rows) > limit else None)


async def roles_held(connection: AsyncConnection, person_id: str) -> list[RoleHolding]:
    """The roles entered for a person, in order; those that need no entry are not among them."""
    statement = (
        select(role_holder.c.role, role_holder.c.function)
        .where(role_holder.c.person == person_id)
        .order_by(role_holder.c.role, role_holder.c.function)
    )
    return [RoleHolding(role=row.role, function=row.function) for row in await connection.execute(statement)]


async def add_person(connection: AsyncConnection, new: NewPerson, author: Author) -> Person:
    """A new, active person without groups and roles; ConflictingEdit when the user name is taken."""
    fields = new.model_dump()
    await _people_exist(connection, fields)
    await check_first_account(connection, None, new.natural_person)
    statement = (
        upsert(person)
        .values(id=new_id("p"), updated_at=author.at, **fields)
        .on_conflict_do_nothing(index_elements=["user_name"])
        .returning(*PERSON_COLUMNS)
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise ConflictingEdit(f"The user name '{new.user_name}' is taken.", pointer="/user_name")
    await author.did(connection, "person.added", row.id, fields=sorted(new.model_fields_set))
    return person_of(row)


async def edit_person(
    connection: AsyncConnection, person_id: str, edit: PersonEdit, version: int | None, author: Author
) -> Person:
    """Change the given fields if the person is still at ``version`` (None: whatever it is)."""
    fields = edit.model_dump(include=edit.model_fields_set - {"roles"})
    await _people_exist(connection, fields)
    await check_first_account(connection, person_id, fields.get("natural_person"))
    await check_manager(connection, person_id, fields.get("manager"))
    if edit.roles is not None:
        # Before their row, as everybody does who locks both.
        await lock_administration(connection)
    values = {**fields, "updated_at": author.at}
    row = await edit_row(connection, person, person.c.id == person_id, version, values, PERSON_COLUMNS)
    if row is None:
        raise stale("person", (await read_person(connection, person_id)).version, version)
    if edit.roles is not None:
        async with administered(connection, Problem("/roles", WOULD_BE_NONE)):
            gained = await set_roles(connection, person_id, edit.roles)
        await made_owner(connection, person_id, gained, author)
    roles = [str(holding) for holding in edit.roles] if edit.roles is not None else None
    await author.did(
        connection, "person.edited", person_id, fields=sorted(edit.model_fields_set), roles=roles
    )
    return person_of(row)


async def set_roles(
    connection: AsyncConnection, person_id: str, roles: list[RoleHolding]
) -> set[RoleHolding]:
    """Exactly these roles; those that are new. The caller leaves the trace."""
    before = await roles_held(connection, person_id)
    await connection.execute(delete(role_holder).where(role_holder.c.person == person_id))
    rows = [{"person": person_id, "role": role.role, "function": role.function} for role in set(roles)]
    if rows:
        await connection.execute(insert(role_holder), rows)
    return set(roles) - set(before)


async def _people_exist(connection: AsyncConnection, fields: dict[str, Any]) -> None:
    """InvalidInput for a manager or natural person that the directory does not have."""
    named = {name: fields[name] for name in ("manager", "natural_person") if fields.get(name)}
    if not named:
        return
    known = set(await connection.scalars(select(person.c.id).where(person.c.id.in_(named.values()))))
    problems = [
        Problem(f"/{name}", "there is no such person") for name, value in named.items() if value not in known
    ]
    if problems:
        raise InvalidInput("The directory has no such person.", problems=problems)
