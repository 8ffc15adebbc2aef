"""Names of people and labels of groups that a page mentions, in one statement."""

from collections.abc import Iterable

from sqlalchemy import literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.assertion import SERVICE_ACTOR
from steadydesk.contracts.views import PersonRef
from steadydesk.records.tables.directory import person, person_group
from steadydesk.records.views.people import Names


class DirectoryWords(Names):
    """``Names`` with the labels of groups; an unknown group keeps its key."""

    def __init__(self, people: dict[str, PersonRef], groups: dict[str, str]) -> None:
        super().__init__(people)
        self._groups = groups

    def group(self, key: str | None) -> str:
        return self._groups.get(key or "", key or "")


async def directory_words(
    connection: AsyncConnection, people: Iterable[str | None], groups: Iterable[str | None] = ()
) -> DirectoryWords:
    wanted, keys = {each for each in people if each}, {each for each in groups if each}
    known = {SERVICE_ACTOR: PersonRef(id=SERVICE_ACTOR, name="Steadydesk")}
    labels: dict[str, str] = {}
    of_people = select(person.c.id, person.c.name, person.c.user_name).where(person.c.id.in_(wanted))
    of_groups = select(person_group.c.key, person_group.c.label, literal(None)).where(
        person_group.c.key.in_(keys)
    )
    if wanted - known.keys() or keys:
        for key, name, user_name in await connection.execute(union_all(of_people, of_groups)):
            if user_name is None:
                labels[key] = name
            else:
                known[key] = PersonRef(id=key, name=name, user_name=user_name)
    return DirectoryWords(known, labels)
