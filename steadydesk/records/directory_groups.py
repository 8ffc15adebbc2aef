"""Groups of the directory and who is in them; a change of members is a change of the group."""

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.directory import Group, GroupEdit, GroupWithMembers, NewGroup
from steadydesk.contracts.page import Page, cursor, keys_of
from steadydesk.errors import ConflictingEdit, GroupInUse, InvalidInput, Problem, UnknownRecord
from steadydesk.records.directory_events import Author, group_subject
from steadydesk.records.directory_membership import hold_member, membership_ended
from steadydesk.records.directory_rows import CARD_COLUMNS, GROUP_COLUMNS, card_of, group_of
from steadydesk.records.directory_sight import joined
from steadydesk.records.directory_use import uses_of
from steadydesk.records.row_version import edit_row, stale
from steadydesk.records.tables.directory import membership, person, person_group


async def read_group(connection: AsyncConnection, key: str) -> Group:
    """The group, active or not; UnknownRecord where there is none."""
    row = (await connection.execute(select(*GROUP_COLUMNS).where(person_group.c.key == key))).one_or_none()
    if row is None:
        raise UnknownRecord("There is no such group.")
    return group_of(row)


async def read_group_with_members(connection: AsyncConnection, key: str) -> GroupWithMembers:
    """The group with its active members in order of user name."""
    group = await read_group(connection, key)
    rows = await connection.execute(
        select(*CARD_COLUMNS)
        .join(membership, membership.c.person == person.c.id)
        .where(membership.c.group_key == key, person.c.active)
        .order_by(person.c.user_name)
    )
    return GroupWithMembers(**group.model_dump(), members=[card_of(row) for row in rows])


async def list_groups(
    connection: AsyncConnection, *, function: str | None = None, after: str | None = None, limit: int = 50
) -> Page[Group]:
    """Active groups in order of key."""
    statement = (
        select(*GROUP_COLUMNS).where(person_group.c.active).order_by(person_group.c.key).limit(limit + 1)
    )
    if function is not None:
        statement = statement.where(person_group.c.function == function)
    if after is not None:
        statement = statement.where(person_group.c.key > keys_of(after, 1)[0])
    rows = (await connection.execute(statement)).all()
    groups = [group_of(row) for row in rows[:limit]]
    return Page(items=groups, after=cursor(groups[-1].key) if len(rows) > limit else None)


async def add_group(connection: AsyncConnection, new: NewGroup, author: Author) -> Group:
    """A new, empty group; ConflictingEdit when the key is taken."""
    await _manager_exists(connection, new.manager)
    statement = (
        upsert(person_group)
        .values(**new.model_dump(), updated_at=author.at)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(*GROUP_COLUMNS)
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise ConflictingEdit(f"There is a group '{new.key}' already.", pointer="/key")
    await author.did(connection, "group.added", group_subject(new.key), fields=sorted(new.model_fields_set))
    return group_of(row)


async def edit_group(
    connection: AsyncConnection, key: str, edit: GroupEdit, version: int | None, author: Author
) -> Group:
    """Change the given fields if the group is still at ``version`` (None: whatever it is). GroupInUse where it
    would not be active any more and something needs it.
    """
    fields = edit.model_dump(include=edit.model_fields_set)
    if edit.active is False and (uses := await uses_of(connection, key, "/active")):
        raise GroupInUse(f"The group '{key}' is needed still.", problems=uses)
    await _manager_exists(connection, fields.get("manager"))
    values = {**fields, "updated_at": author.at}
    row = await edit_row(connection, person_group, person_group.c.key == key, version, values, GROUP_COLUMNS)
    if row is None:
        raise stale("group", (await read_group(connection, key)).version, version)
    await author.did(connection, "group.edited", group_subject(key), fields=sorted(edit.model_fields_set))
    return group_of(row)


async def add_member(connection: AsyncConnection, key: str, person_id: str, author: Author) -> None:
    """Put an active person into the group; already there: nothing changes. UnknownRecord for either."""
    await _touch(connection, key, author)
    if not await connection.scalar(select(person.c.active).where(person.c.id == person_id)):
        raise UnknownRecord("There is no such active person.")
    added = await connection.scalar(
        upsert(membership)
        .values(group_key=key, person=person_id)
        .on_conflict_do_nothing()
        .returning(membership.c.person)
    )
    if added:
        await author.did(connection, "group.member-added", group_subject(key), person=person_id)
        await joined(connection, person_id, [key], author)


async def remove_member(connection: AsyncConnection, key: str, person_id: str, author: Author) -> None:
    """Take a person out of the group, and its tasks from them; not there: nothing changes."""
    await _touch(connection, key, author)
    await hold_member(connection, person_id)
    statement = delete(membership).where(membership.c.group_key == key, membership.c.person == person_id)
    removed = await connection.scalar(statement.returning(membership.c.person))
    if removed:
        await author.did(connection, "group.member-removed", group_subject(key), person=person_id)
        await membership_ended(connection, person_id, [key], author)


async def _touch(connection: AsyncConnection, key: str, author: Author) -> None:
    """Lock the group and count its version on, so that an edit of it based on older members is refused."""
    statement = (
        update(person_group)
        .where(person_group.c.key == key)
        .values(updated_at=author.at, version=person_group.c.version + 1)
        .returning(person_group.c.key)
    )
    if await connection.scalar(statement) is None:
        raise UnknownRecord("There is no such group.")


async def _manager_exists(connection: AsyncConnection, manager: str | None) -> None:
    if manager and await connection.scalar(select(person.c.id).where(person.c.id == manager)) is None:
        raise InvalidInput(
            "The directory has no such person.", problems=[Problem("/manager", "there is no such person")]
        )
