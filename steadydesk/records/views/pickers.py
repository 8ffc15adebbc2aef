"""What the pickers of forms offer, and the names behind what was picked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, any_, case, func, literal, or_, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from steadydesk.contracts.views import PersonRef
from steadydesk.records.tables.directory import person, person_group

MOST = 10


@dataclass(frozen=True)
class Picked:
    """Names of people by id and by user name, labels of groups by key; what is unknown keeps its own."""

    people: Mapping[str, str]
    groups: Mapping[str, str]
    managers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names of the managers of the people, by the same."""

    def manager_of(self, named: str) -> str | None:
        return self.managers.get(named) or self.managers.get(named.lower())

    def person(self, named: str) -> str:
        return self.people.get(named) or self.people.get(named.lower()) or named

    def group(self, key: str) -> str:
        return self.groups.get(key, key)


async def suggest_people(connection: AsyncConnection, text: str, limit: int = MOST) -> list[PersonRef]:
    """Active people with the text in their name or user name; those that begin with it come first."""
    name, user_name = func.lower(person.c.name), person.c.user_name
    rows = await connection.execute(
        select(person.c.id, person.c.name, user_name)
        .where(person.c.active, ~person.c.service_account, _holds(text, name, user_name))
        .order_by(_begins_first(text, name, user_name), person.c.name, user_name)
        .limit(limit)
    )
    return [PersonRef(id=row.id, name=row.name, user_name=row.user_name) for row in rows]


async def people_meant(connection: AsyncConnection, typed: str, limit: int = MOST) -> list[PersonRef]:
    """Whom somebody means: one person where it is their user name, or the full name of nobody else, else all active
    people with the text in a name. One more than ``limit`` where there are more.
    """
    wanted = typed.strip().lower()
    if not wanted:
        return []
    name, user_name = func.lower(person.c.name), person.c.user_name
    exactly = case((user_name == wanted, 0), (name == wanted, 1), else_=2)
    rows = await connection.execute(
        select(person.c.id, person.c.name, user_name, exactly.label("exactly"))
        .where(person.c.active, ~person.c.service_account, _holds(wanted, name, user_name))
        .order_by(exactly, _begins_first(wanted, name, user_name), person.c.name, user_name)
        .limit(limit + 1)
    )
    found = [(row.exactly, PersonRef(id=row.id, name=row.name, user_name=row.user_name)) for row in rows]
    best = found[0][0] if found else 2
    return [ref for exact, ref in found if exact == best]


async def people_called(connection: AsyncConnection, names: Iterable[str]) -> dict[str, list[str]]:
    """User names of active people by their full name in lower case."""
    wanted = any_(literal([name.lower() for name in names], ARRAY(Text)))
    name, user_name = func.lower(person.c.name), person.c.user_name
    rows = await connection.execute(
        select(name.label("name"), user_name)
        .where(person.c.active, ~person.c.service_account, name == wanted)
        .order_by(user_name)
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.name, []).append(row.user_name)
    return found


async def suggest_groups(connection: AsyncConnection, text: str, limit: int = MOST) -> list[tuple[str, str]]:
    """Key and label of active groups with the text in one of them."""
    label, key = func.lower(person_group.c.label), person_group.c.key
    rows = await connection.execute(
        select(key, person_group.c.label)
        .where(person_group.c.active, _holds(text, label, key))
        .order_by(_begins_first(text, label, key), person_group.c.label)
        .limit(limit)
    )
    return [(row.key, row.label) for row in rows]


async def picked(
    connection: AsyncConnection, people: Iterable[str | None], groups: Iterable[str | None]
) -> Picked:
    """``people`` are ids and user names; one statement, and none for nobody."""
    named = sorted({each for given in people if given for each in (given, given.lower())})
    keys = sorted({each for each in groups if each})
    if not named and not keys:
        return Picked({}, {})
    wanted = any_(literal(named, ARRAY(Text)))
    manager = person.alias()
    of_people = (
        select(person.c.id, person.c.name, person.c.user_name, manager.c.name.label("manager"))
        .outerjoin(manager, (manager.c.id == person.c.manager) & manager.c.active)
        .where(or_(person.c.id == wanted, person.c.user_name == wanted))
    )
    of_groups = select(person_group.c.key, person_group.c.label, literal(None), literal(None)).where(
        person_group.c.key == any_(literal(keys, ARRAY(Text)))
    )
    found = (await connection.execute(union_all(of_people, of_groups))).all()
    people_found = [(key, name, over) for one, name, user, over in found if user for key in (one, user)]
    return Picked(
        {key: name for key, name, _ in people_found},
        {key: label for key, label, user_name, _ in found if user_name is None},
        {key: over for key, _, over in people_found if over},
    )


def _holds(text: str, *columns: ColumnElement[str]) -> ColumnElement[bool]:
    return or_(*(column.contains(text.lower(), autoescape=True) for column in columns))


def _begins_first(text: str, *columns: ColumnElement[str]) -> ColumnElement[int]:
    begins = or_(*(column.startswith(text.lower(), autoescape=True) for column in columns))
    return case((begins, 0), else_=1)
