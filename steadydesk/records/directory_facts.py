"""What rules and processes read about people: values for expressions, and who administers."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.records.tables.directory import membership, person, person_group, role_holder

_PERSON = (person.c.id, person.c.user_name, person.c.name, person.c.email, person.c.language, person.c.zone)


async def person_facts(connection: AsyncConnection, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """By id, a person as ``steadydesk.policies.vocabulary.PERSON`` describes one; absent values are left out."""
    manager = person.alias("manager")
    groups = (
        select(func.coalesce(func.array_agg(membership.c.group_key), []))
        .where(membership.c.person == person.c.id)
        .scalar_subquery()
    )
    rows = await connection.execute(
        select(*_PERSON, manager.c.user_name.label("manager"), groups.label("groups"))
        .outerjoin(manager, manager.c.id == person.c.manager)
        .where(person.c.id.in_(ids))
    )
    return {
        row.id: {name: value for name, value in row._asdict().items() if value is not None} for row in rows
    }


async def known_groups(connection: AsyncConnection, keys: Collection[str]) -> set[str]:
    """Which of these keys are active groups."""
    found = await connection.scalars(
        select(person_group.c.key).where(person_group.c.key.in_(keys), person_group.c.active)
    )
    return set(found)


async def administrators(connection: AsyncConnection) -> list[str]:
    """Ids of the active people who administer the whole organisation."""
    found = await connection.scalars(
        select(person.c.id)
        .join(role_holder, role_holder.c.person == person.c.id)
        .where(
            role_holder.c.role == "administrator",
            role_holder.c.function == "*",
            person.c.active,
            ~person.c.service_account,
        )
        .order_by(person.c.id)
    )
    return list(found)
