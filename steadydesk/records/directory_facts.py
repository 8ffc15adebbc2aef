"""What rules and processes read about people: values for expressions, and who administers."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Text, any_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.directory import ANY_FUNCTION, Role
from steadydesk.records.tables.directory import membership, person, person_group, role_holder

_PERSON = (person.c.id, person.c.user_name, person.c.name, person.c.email, person.c.language, person.c.zone)


_MANAGER = person.alias("manager")
_GROUPS = (
    select(func.coalesce(func.array_agg(membership.c.group_key), []))
    .where(membership.c.person == person.c.id)
    .scalar_subquery()
)
_FACTS = (
    select(*_PERSON, _MANAGER.c.user_name.label("manager"), _GROUPS.label("groups"))
    .outerjoin(_MANAGER, _MANAGER.c.id == person.c.manager)
    .where(person.c.id == any_(bindparam("ids", type_=ARRAY(Text))))
)
_LEFT = select(person.c.id).where(person.c.id == any_(bindparam("ids", type_=ARRAY(Text))), ~person.c.active)


async def person_facts(connection: AsyncConnection, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """By id, a person as ``steadydesk.policies.vocabulary.PERSON`` describes one; absent values are left out."""
    rows = await connection.execute(_FACTS, {"ids": list(ids)})
    return {
        row.id: {name: value for name, value in row._asdict().items() if value is not None} for row in rows
    }


async def who_left(connection: AsyncConnection, ids: Collection[str]) -> set[str]:
    """Which of these people the directory knows as somebody who has left."""
    return set(await connection.scalars(_LEFT, {"ids": list(ids)}))


async def has_left(connection: AsyncConnection, person_id: str) -> bool:
    """Waits for a departure of the person that is just being written, so that none is overlooked."""
    active = await connection.scalar(
        select(person.c.active).where(person.c.id == person_id).with_for_update(read=True)
    )
    return active is False


async def left_at(connection: AsyncConnection, person_id: str) -> datetime | None:
    """When the person left; None where they are there, or nobody knows when."""
    return await connection.scalar(select(person.c.left_at).where(person.c.id == person_id))


async def leavers(connection: AsyncConnection, ids: Collection[str]) -> set[str]:
    """Which of these people have left; waits for departures that are just being written, as ``has_left`` does."""
    held = select(person.c.id, person.c.active).where(
        person.c.id == any_(bindparam("ids", type_=ARRAY(Text)))
    )
    rows = await connection.execute(
        held.order_by(person.c.id).with_for_update(read=True), {"ids": sorted(ids)}
    )
    return {row.id for row in rows if not row.active}


async def known_groups(connection: AsyncConnection, keys: Collection[str]) -> set[str]:
    """Which of these keys are active groups."""
    found = await connection.scalars(
        select(person_group.c.key).where(person_group.c.key.in_(keys), person_group.c.active)
    )
    return set(found)


async def administrators(connection: AsyncConnection) -> list[str]:
    """Ids of the active people who administer the whole organisation."""
    return await _holders(connection, Role.ADMINISTRATOR, ANY_FUNCTION)


async def process_owners(connection: AsyncConnection, function: str) -> list[str]:
    """Ids of the active people who own the processes of the function: who hold that role, and nobody else."""
    return await _holders(connection, Role.PROCESS_OWNER, function)


async def owned_functions(connection: AsyncConnection) -> set[str]:
    """The functions with an active process owner."""
    found = await connection.scalars(
        select(role_holder.c.function)
        .join(person, person.c.id == role_holder.c.person)
        .where(role_holder.c.role == Role.PROCESS_OWNER.value, person.c.active, ~person.c.service_account)
    )
    return set(found)


async def _holders(connection: AsyncConnection, role: Role, function: str) -> list[str]:
    found = await connection.scalars(
        select(person.c.id)
        .join(role_holder, role_holder.c.person == person.c.id)
        .where(
            role_holder.c.role == role.value,
            role_holder.c.function == function,
            person.c.active,
            ~person.c.service_account,
        )
        .order_by(person.c.id)
    )
    return list(found)
