"""Names of people and labels of groups that a page mentions, in one statement."""

from collections.abc import Iterable

from sqlalchemy import literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.assertion import SERVICE_ACTOR
from steadydesk.contracts.views import PersonRef
from steadydesk.records.tables.directory import person, person_group
from steadydesk.records.views.people import Names


class DirectoryWords(Names):
    """``Names`` with the labels of groups, and by user name as answers name people; what is unknown keeps its own."""

    def __init__(self, people: dict[str, PersonRef], groups: dict[str, str]) -> None:
        super().__init__(people)
        self._groups = groups
        self._by_user_name = {one.user_name: one.name for one in people.values() if one.user_name}

    def person(self, user_name: str) -> str:
        return self._by_user_name.get(user_name.lower(), user_name)

    def group(self, key: str | None) -> str:
        return self._groups.get(key or "", key or "")


async def directory_words(
    connection: AsyncConnection,
    people: Iterable[str | None],
    groups: Iterable[str | None] = (),
    user_names: Iterable[str] = (),
) -> DirectoryWords:
    wanted, keys = {each for each in people if each}, {each for each in groups if each}
    named = {each.lower() for each in user_names}
    known = {SERVICE_ACTOR: PersonRef(id=SERVICE_ACTOR, name="Steadydesk")}
    labels: dict[str, str] = {}
    is_wanted = (
        or_(person.c.id.in_(wanted), person.c.user_name.in_(named)) if named else person.c.id.in_(wanted)
    )
    of_people = select(person.c.id, person.c.name, person.c.user_name).where(is_wanted)
    of_groups = select(person_group.c.key, person_group.c.label, literal(None)).where(
        person_group.c.key.in_(keys)
    )
    if wanted - known.keys() or keys or named:
        for key, name, user_name in await connection.execute(union_all(of_people, of_groups)):
            if user_name is None:
                labels[key] = name
            else:
                known[key] = PersonRef(id=key, name=name, user_name=user_name)
    return DirectoryWords(known, labels)
