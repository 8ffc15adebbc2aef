"""The people of the tests of requests: managers, a circle, somebody alone, accounts of one person, a robot."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, delete, insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from steadydesk.contracts.directory_document import DirectoryDocument
from steadydesk.records.directory_import import apply_directory
from steadydesk.records.identifiers import new_id
from steadydesk.records.tables.directory import absence, delegation, membership, person
from tests.support.requests import NOW

FAR = NOW + timedelta(days=3650)

PEOPLE: dict[str, Any] = {
    "groups": [
        {"key": key, "label": key, "function": "it", "manager": manager}
        for key, manager in [
            ("desk", "ines"),
            ("board", "dora"),
            ("it-owners", "dora"),
            ("voices", None),
            ("leavers", None),
            ("confidants", None),
            ("empty", None),
        ]
    ],
    "people": [
        {"user_name": "root", "name": "Root", "roles": ["administrator"]},
        {"user_name": "dora", "name": "Dora"},
        {"user_name": "mona", "name": "Mona", "manager": "dora"},
        {"user_name": "rita", "name": "Rita", "manager": "mona", "email": "rita@example.org"},
        {"user_name": "rita-admin", "name": "Rita", "manager": "mona", "same_person_as": "rita"},
        {"user_name": "rita-third", "name": "Rita", "manager": "mona", "same_person_as": "rita"},
        {"user_name": "ralf", "name": "Ralf", "manager": "mona"},
        {"user_name": "ann", "name": "Ann", "manager": "mona", "groups": ["board"]},
        {"user_name": "ben", "name": "Ben", "manager": "mona", "groups": ["board"]},
        {"user_name": "cem", "name": "Cem", "manager": "dora", "groups": ["board"]},
        {"user_name": "ann-two", "name": "Ann", "manager": "mona", "same_person_as": "ann"},
        {"user_name": "dan", "name": "Dan", "manager": "dora"},
        {"user_name": "otto", "name": "Otto", "manager": "dora", "groups": ["it-owners"]},
        {"user_name": "ines", "name": "Ines", "manager": "dora", "roles": ["process_owner@it"]},
        {"user_name": "ingo", "name": "Ingo", "manager": "ines", "groups": ["desk"]},
        {"user_name": "ida", "name": "Ida", "manager": "ines", "groups": ["desk"]},
        {"user_name": "carl", "name": "Carl", "manager": "dora", "groups": ["confidants", "voices"]},
        {"user_name": "selma", "name": "Selma", "manager": "selma"},
        {"user_name": "lea", "name": "Lea"},
        {"user_name": "leo", "name": "Leo", "manager": "lea"},
        {"user_name": "solo", "name": "Solo"},
        {"user_name": "robot", "name": "Robot", "service_account": True, "groups": ["board", "desk"]},
    ],
}


for _entry in PEOPLE["people"]:
    # What an import leaves out stays as it is.
    for _name in ("email", "manager", "same_person_as"):
        _entry.setdefault(_name, None)
    _entry.setdefault("groups", [])
    _entry.setdefault("service_account", False)


class People:
    """What happens to people while their requests go on."""

    engine: AsyncEngine
    ids: Mapping[str, str]
    now: datetime

    async def change_person(self, name: str, **values: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(update(person).where(person.c.id == self.ids[name]).values(values))

    async def delegate(self, name: str, to: str, policies: str | None = None) -> None:
        await self._add(
            delegation,
            id=new_id("d"),
            delegator=self.ids[name],
            delegate=self.ids[to],
            policies=policies,
            begins_at=NOW - timedelta(days=1),
            ends_at=FAR,
            made_by=self.ids[name],
            made_at=NOW,
        )

    async def be_absent(self, name: str) -> None:
        await self._add(absence, id=new_id("a"), person=self.ids[name], begins_at=NOW, ends_at=FAR)

    async def join(self, name: str, group: str) -> None:
        await self._add(membership, person=self.ids[name], group_key=group)

    async def quit(self, name: str, group: str) -> None:
        where = (membership.c.person == self.ids[name], membership.c.group_key == group)
        async with self.engine.begin() as connection:
            await connection.execute(delete(membership).where(*where))

    async def _add(self, table: Table, **row: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(insert(table).values(row))

    async def as_at_first(self) -> None:
        """Everybody back, with the groups, managers and delegations of the beginning; the clock as well."""
        self.now = NOW
        async with self.engine.begin() as connection:
            await connection.execute(delete(delegation))
            await connection.execute(delete(absence))
            await connection.execute(update(person).values(active=True, left_at=None))
            await apply_directory(connection, DirectoryDocument.model_validate(PEOPLE), NOW)
