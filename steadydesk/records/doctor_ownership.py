"""Whether somebody answers for everything: what people who left had is listed here until others have it."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.organisation import Organisation
from steadydesk.policies.doctor import Symptom
from steadydesk.policies.ownership import stages_naming
from steadydesk.records.directory_facts import administrators, owned_functions
from steadydesk.records.ownership import has_left
from steadydesk.records.tables.delivery import subscription
from steadydesk.records.tables.directory import person, person_group


async def examine_administration(connection: AsyncConnection) -> list[Symptom]:
    """Whether somebody active administers the whole organisation."""
    if await administrators(connection):
        return []
    return [Symptom("owner", "administrator", "nobody who is active is administrator of the organisation")]


async def examine_ownership(connection: AsyncConnection, organisation: Organisation) -> list[Symptom]:
    """Functions without a process owner and stages that ask somebody who left are serious; groups whose manager
    and subscriptions whose owner left are not.
    """
    owned = await owned_functions(connection)
    functions = [
        Symptom("owner", key, f"nobody has the role process_owner@{key}")
        for key in sorted(organisation.functions)
        if key not in owned
    ]
    return [
        *functions,
        *await _stages(connection, organisation),
        *await _managers(connection),
        *await _subscriptions(connection),
    ]


async def _stages(connection: AsyncConnection, organisation: Organisation) -> list[Symptom]:
    named = list(stages_naming(organisation))
    names = [name for _, name in named]
    active = set(
        await connection.scalars(
            select(person.c.user_name).where(person.c.user_name.in_(names), person.c.active)
        )
    )
    return [
        Symptom("owner", path, f"it asks {name}, who is not there any more")
        for path, name in named
        if name not in active
    ]


async def _managers(connection: AsyncConnection) -> list[Symptom]:
    keys = select(person_group.c.key).where(person_group.c.active, has_left(person_group.c.manager))
    found = await connection.scalars(keys.order_by(person_group.c.key))
    return [Symptom("manager", key, "the group's manager has left", serious=False) for key in found]


async def _subscriptions(connection: AsyncConnection) -> list[Symptom]:
    ids = select(subscription.c.id).where(subscription.c.active, has_left(subscription.c.owner))
    found = await connection.scalars(ids.order_by(subscription.c.id))
    words = "the subscription's owner has left, and it gets nothing"
    return [Symptom("owner", one, words, serious=False) for one in found]
