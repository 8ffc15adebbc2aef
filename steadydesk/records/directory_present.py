"""The whole directory in the words of a document: for differences, exports and backups of who was what."""

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.directory import RoleHolding
from steadydesk.contracts.directory_document import GroupEntry, PersonEntry
from steadydesk.policies.directory import Present
from steadydesk.records.tables.directory import membership, person, person_group, role_holder


async def read_present(connection: AsyncConnection) -> Present:
    """Everybody and every group, also who is not active; managers by user name."""
    people = (await connection.execute(select(person))).all()
    names = {row.id: row.user_name for row in people}
    groups_of = await _groups_of(connection)
    roles_of = await _roles_of(connection)
    # Rows are taken as they are, for older ones may not fit what an import may bring today.
    entries = [
        PersonEntry.model_construct(
            user_name=row.user_name,
            name=row.name,
            email=row.email,
            language=row.language,
            zone=row.zone,
            manager=names.get(row.manager),
            groups=groups_of[row.id],
            roles=roles_of[row.id],
            service_account=row.service_account,
            same_person_as=names.get(row.natural_person),
            active=row.active,
        )
        for row in people
    ]
    return Present({entry.user_name: entry for entry in entries}, await _groups(connection, names))


async def _groups(connection: AsyncConnection, names: dict[str, str]) -> dict[str, GroupEntry]:
    return {
        row.key: GroupEntry.model_construct(
            key=row.key,
            label=row.label,
            function=row.function,
            manager=names.get(row.manager),
            email=row.email,
            active=row.active,
        )
        for row in await connection.execute(select(person_group))
    }


async def _groups_of(connection: AsyncConnection) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for row in await connection.execute(select(membership).order_by(membership.c.group_key)):
        groups[row.person].append(row.group_key)
    return groups


async def _roles_of(connection: AsyncConnection) -> dict[str, list[RoleHolding]]:
    roles: dict[str, list[RoleHolding]] = defaultdict(list)
    for row in await connection.execute(select(role_holder)):
        roles[row.person].append(RoleHolding(role=row.role, function=row.function))
    return roles
