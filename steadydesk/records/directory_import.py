"""Bring the directory to what a document says, in one transaction; a dry run only tells the difference."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Text, any_, bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.directory_document import (
    ChangeKind,
    DirectoryChange,
    DirectoryDifference,
    DirectoryDocument,
    GroupEntry,
    PersonEntry,
)
from steadydesk.errors import Conflict, GroupInUse, InvalidInput, LastAdministrator, Problem
from steadydesk.policies.directory import (
    Present,
    chained,
    circular,
    dangling,
    difference,
    last_administrators,
)
from steadydesk.records.directory import set_roles
from steadydesk.records.directory_administration import lock_administration
from steadydesk.records.directory_approvers import people_by_name
from steadydesk.records.directory_departure import deactivate, reactivate
from steadydesk.records.directory_events import Author, group_subject, installation
from steadydesk.records.directory_membership import membership_ended
from steadydesk.records.directory_present import read_present
from steadydesk.records.directory_shape import lock_shape
from steadydesk.records.directory_sight import joined, made_owner
from steadydesk.records.directory_use import uses_of
from steadydesk.records.identifiers import new_id
from steadydesk.records.tables.directory import membership, person, person_group

_PLAIN = ("name", "email", "language", "zone", "service_account")


async def apply_directory(
    connection: AsyncConnection,
    document: DirectoryDocument,
    now: datetime,
    *,
    author: Author | None = None,
    dry_run: bool = False,
) -> DirectoryDifference:
    """What the document adds, changes and removes, done unless ``dry_run``; all of it or, on a fault,
    nothing.

    InvalidInput lists every reference to nobody, and every manager by whom a circle comes about; LastAdministrator
    where nobody would administer any more, GroupInUse where a group would end that is needed, Conflict where the author
    would leave. Without ``author`` the installation itself did it.
    """
    await lock_shape(connection)
    await lock_administration(connection)
    present = await read_present(connection)
    problems = dangling(present, document)
    if problems:
        raise InvalidInput("The document names somebody or something unknown.", problems=problems)
    if later := chained(present, document):
        raise InvalidInput("Every other account of a person names the first one.", problems=later)
    if above := circular(present, document):
        raise InvalidInput("Managers would stand in a circle.", problems=above)
    if lost := last_administrators(present, document):
        raise LastAdministrator("Nobody would administer the organisation any more.", problems=lost)
    found = difference(present, document)
    if author is not None:
        await _stays(connection, author, found.departures)
    await _groups_rest(connection, document, present)
    if not dry_run:
        await _Import(connection, document, present, author or installation(now)).apply(found)
    return found


async def _stays(connection: AsyncConnection, author: Author, leavers: list[str]) -> None:
    ids = await people_by_name(connection, leavers)
    for name in leavers:
        if ids[name] in (author.actor, author.acting_for):
            problem = Problem("/people", f"'{name}', whose import this is, would leave by it")
            raise Conflict("Nobody deactivates themselves; another administrator does.", problems=[problem])


async def _groups_rest(connection: AsyncConnection, document: DirectoryDocument, present: Present) -> None:
    ending = [
        (index, entry.key)
        for index, entry in enumerate(document.groups)
        if not entry.active and entry.key in present.groups and present.groups[entry.key].active
    ]
    uses = [one for index, key in ending for one in await uses_of(connection, key, f"/groups/{index}/active")]
    if uses:
        raise GroupInUse("The document ends groups that are needed still.", problems=uses)


class _Import:
    """One import under way."""

    def __init__(
        self, connection: AsyncConnection, document: DirectoryDocument, present: Present, author: Author
    ) -> None:
        self._connection = connection
        self._people = {entry.user_name: entry for entry in document.people}
        self._groups = {entry.key: entry for entry in document.groups}
        self._present = present
        self._author = author
        self._ids: dict[str, str] = {}

    async def apply(self, found: DirectoryDifference) -> None:
        groups = [change for change in found.changes if change.record == "group"]
        people = [change for change in found.changes if change.record == "person"]
        listed = [change for change in people if change.key in self._people]
        # First everybody and every group, then what refers to them.
        await self._put_groups(self._groups[change.key] for change in groups)
        await self._add_people(
            self._people[change.key] for change in listed if change.kind is ChangeKind.ADDED
        )
        names = {*self._present.people, *self._people}
        self._ids = await people_by_name(self._connection, names)
        await self._hold(self._ids[change.key] for change in people)
        await self._set_managers(self._groups[change.key] for change in groups)
        for change in listed:
            await self._set_person(change)
        # Who comes back does so before others leave: the last administrator may be replaced.
        for change in sorted(people, key=lambda change: change.kind is ChangeKind.REMOVED):
            await self._set_activity(change)
        for change in found.changes:
            await self._trace(change)

    async def _put_groups(self, entries: Iterable[GroupEntry]) -> None:
        for entry in entries:
            given = entry.model_dump(include=entry.model_fields_set - {"key", "manager"})
            changed = {**given, "updated_at": self._author.at, "version": person_group.c.version + 1}
            whole = entry.model_dump(exclude={"manager"})
            await self._connection.execute(
                upsert(person_group)
                .values(**whole, updated_at=self._author.at)
                .on_conflict_do_update(index_elements=["key"], set_=changed)
            )

    async def _add_people(self, entries: Iterable[PersonEntry]) -> None:
        rows = [
            {
                **entry.model_dump(include={"user_name", *_PLAIN}),
                "id": new_id("p"),
                "updated_at": self._author.at,
            }
            for entry in entries
        ]
        if rows:
            await self._connection.execute(insert(person), rows)

    async def _hold(self, ids: Iterable[str]) -> None:
        """All who change, in the order in which a gate holds whom it asks: neither waits for the other in turn."""
        held = select(person.c.id).where(person.c.id == any_(bindparam("ids", type_=ARRAY(Text))))
        await self._connection.execute(held.order_by(person.c.id).with_for_update(), {"ids": list(ids)})

    async def _set_managers(self, entries: Iterable[GroupEntry]) -> None:
        for entry in entries:
            if "manager" not in entry.model_fields_set:
                continue
            await self._connection.execute(
                update(person_group)
                .where(person_group.c.key == entry.key)
                .values(manager=self._ids[entry.manager] if entry.manager else None)
            )

    async def _set_person(self, change: DirectoryChange) -> None:
        entry = self._people[change.key]
        person_id = self._ids[entry.user_name]
        given = entry.model_fields_set
        values: dict[str, Any] = entry.model_dump(include=given & set(_PLAIN))
        if "manager" in given:
            values["manager"] = self._ids[entry.manager] if entry.manager else None
        if "same_person_as" in given:
            values["natural_person"] = self._ids[entry.same_person_as] if entry.same_person_as else None
        await self._connection.execute(
            update(person)
            .where(person.c.id == person_id)
            .values(
                **values,
                updated_at=self._author.at,
                version=person.c.version + (0 if change.kind is ChangeKind.ADDED else 1),
            )
        )
        if entry.groups is not None:
            await self._set_groups(person_id, entry.groups)
        if entry.roles is not None:
            gained = await set_roles(self._connection, person_id, entry.roles)
            await made_owner(self._connection, person_id, gained, self._author)

    async def _set_groups(self, person_id: str, groups: list[str]) -> None:
        left = await self._connection.scalars(
            delete(membership)
            .where(membership.c.person == person_id, membership.c.group_key.not_in(groups))
            .returning(membership.c.group_key)
        )
        await membership_ended(self._connection, person_id, left.all(), self._author)
        rows = [{"group_key": key, "person": person_id} for key in sorted(set(groups))]
        if rows:
            added = upsert(membership).values(rows).on_conflict_do_nothing().returning(membership.c.group_key)
            new = (await self._connection.scalars(added)).all()
            await joined(self._connection, person_id, new, self._author)

    async def _set_activity(self, change: DirectoryChange) -> None:
        if change.kind is ChangeKind.REMOVED:
            await deactivate(self._connection, self._ids[change.key], self._author)
        elif "active" in change.fields:
            await reactivate(self._connection, self._ids[change.key], self._author)

    async def _trace(self, change: DirectoryChange) -> None:
        is_group = change.record == "group"
        subject = group_subject(change.key) if is_group else self._ids[change.key]
        await self._author.did(
            self._connection, f"{change.record}.imported", subject, kind=change.kind, fields=change.fields
        )
