"""What people answer for: entries of the configuration through their groups, functions, groups, subscriptions."""

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.directory import Role
from steadydesk.contracts.organisation import Organisation
from steadydesk.policies.ownership import owners, stages_naming
from steadydesk.records import configuration
from steadydesk.records.directory_facts import owned_functions
from steadydesk.records.tables.delivery import subscription
from steadydesk.records.tables.directory import membership, person, person_group, role_holder
from steadydesk.records.tables.process import record


async def present_organisation(connection: AsyncConnection) -> Organisation | None:
    """The organisation in force; None before the first configuration."""
    present = await configuration.current(connection)
    return None if present is None else (await configuration.get(connection, present.digest)).organisation


async def manned_groups(connection: AsyncConnection) -> set[str]:
    """The active groups with an active member who is no service account."""
    query = (
        select(membership.c.group_key)
        .join(person, person.c.id == membership.c.person)
        .join(person_group, person_group.c.key == membership.c.group_key)
        .where(person.c.active, ~person.c.service_account, person_group.c.active)
    )
    return set(await connection.scalars(query.distinct()))


async def left_without_owner(
    connection: AsyncConnection, organisation: Organisation | None, leaver: str
) -> list[str]:
    """What nobody answers for any more since ``leaver``, who is not active now, has gone: paths of the
    configuration, ``process_owner@<function>``, ``groups.<key>.manager``, ``groups.<key>.members`` where open work
    waits for nobody, ``people.<user name>.manager``, ``subscriptions.<id>``; in order.
    """
    found = await _roles_left(connection, leaver)
    managed = select(person_group.c.key).where(person_group.c.manager == leaver, person_group.c.active)
    found += [f"groups.{key}.manager" for key in await connection.scalars(managed)]
    owned = select(subscription.c.id).where(subscription.c.owner == leaver, subscription.c.active)
    reports = select(person.c.user_name).where(person.c.manager == leaver, person.c.active)
    found += [f"people.{name}.manager" for name in await connection.scalars(reports)]
    without = await _groups_left(connection, leaver)
    waiting = select(record.c.assignment_group).where(record.c.open, record.c.assignment_group.in_(without))
    found += [f"groups.{key}.members" for key in await connection.scalars(waiting.distinct())]
    found += [f"subscriptions.{key}" for key in await connection.scalars(owned)]
    if organisation is not None:
        found += await _entries_left(connection, organisation, leaver, without)
    return sorted(found)


async def _roles_left(connection: AsyncConnection, leaver: str) -> list[str]:
    held = select(role_holder.c.function).where(
        role_holder.c.person == leaver, role_holder.c.role == Role.PROCESS_OWNER.value
    )
    owned = await owned_functions(connection)
    return [f"process_owner@{key}" for key in await connection.scalars(held) if key not in owned]


async def _groups_left(connection: AsyncConnection, leaver: str) -> set[str]:
    """The leaver's groups in which nobody is left."""
    theirs = select(membership.c.group_key).where(membership.c.person == leaver)
    return set(await connection.scalars(theirs)) - await manned_groups(connection)


async def _entries_left(
    connection: AsyncConnection, organisation: Organisation, leaver: str, without: set[str]
) -> list[str]:
    name = await connection.scalar(select(person.c.user_name).where(person.c.id == leaver))
    entries = [path for path, group in owners(organisation) if group in without]
    return entries + [path for path, named in stages_naming(organisation) if named == name]


def has_left(whom: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the column names a person who is not active."""
    return exists().where(and_(person.c.id == whom, ~person.c.active))
