"""Who comes to see other people's records by a change of the directory: those who answer for them are told, as they are
of break-glass.
"""

import itertools
from collections.abc import Collection, Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.directory import Role, RoleHolding
from steadydesk.contracts.organisation import Organisation
from steadydesk.records.accountable import in_their_place
from steadydesk.records.directory_approvers import group_manager, group_members
from steadydesk.records.directory_events import Author
from steadydesk.records.directory_facts import process_owners
from steadydesk.records.outbox import Message, post
from steadydesk.records.ownership import present_organisation
from steadydesk.records.tables.directory import person_group

CLAIMS = "claims"
"""Why somebody came to see records whom nobody here put there: the claims of their OIDC token."""


async def joined(
    connection: AsyncConnection,
    person_id: str,
    groups: Collection[str],
    author: Author,
    *,
    reason: str | None = None,
) -> None:
    """Tell of a person who is new in those of the groups to which a process model in force restricts records: the
    group's manager and the process owners of its functions, else its other members.
    """
    organisation = await present_organisation(connection) if groups else None
    if organisation is None:
        return
    for key in sorted(set(groups) & _restricting(organisation)):
        functions = await _functions(connection, organisation, key)
        owners = [await process_owners(connection, function) for function in sorted(functions)]
        manager = await group_manager(connection, key)
        told = set(itertools.chain(*owners)) | ({manager} if manager else set())
        told = told - {person_id} or set(await group_members(connection, key))
        await _tell(connection, person_id, f"group.{key}", told, author, reason, group=key)


async def made_owner(
    connection: AsyncConnection,
    person_id: str,
    gained: Iterable[RoleHolding],
    author: Author,
    *,
    reason: str | None = None,
) -> None:
    """Tell the other process owners of a function that the person is one now."""
    functions = sorted(holding.function for holding in gained if holding.role is Role.PROCESS_OWNER)
    if not functions or await present_organisation(connection) is None:
        return
    for function in functions:
        told = set(await process_owners(connection, function))
        await _tell(connection, person_id, f"function.{function}", told, author, reason, kind=function)


def _restricting(organisation: Organisation) -> set[str]:
    return {key for model in organisation.process_models.values() for key in model.restricted_to}


async def _functions(connection: AsyncConnection, organisation: Organisation, key: str) -> set[str]:
    """The group's own function, and those that order records which the group sees."""
    own = await connection.scalar(select(person_group.c.function).where(person_group.c.key == key))
    models = {name for name, model in organisation.process_models.items() if key in model.restricted_to}
    ordering = {item.function for item in organisation.catalog.values() if item.model in models}
    return ordering | ({own} if own else set())


async def _tell(
    connection: AsyncConnection,
    person_id: str,
    what: str,
    told: set[str],
    author: Author,
    reason: str | None,
    **facts: str,
) -> None:
    """Who did it knows; where nobody else answers for it, whoever is told of an emergency in their place is."""
    by = {"actor": author.actor} if reason is None else {"reason": reason}
    others = told - {author.actor, person_id}
    if not others and author.actor not in told - {person_id}:
        others = set(await in_their_place(connection, author.actor)) - {person_id}
    message = Message(
        id=f"sight.gained:{person_id}:{what}:{author.at.isoformat()}",
        event="sight.gained",
        number=person_id,
        audience=sorted(f"p:{one}" for one in others),
        facts={"person": person_id, **by, **facts},
        at=author.at,
    )
    await post(connection, [message] if others else [])
