"""Somebody administers the whole organisation, always: what would take the last one away is refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.directory import ANY_FUNCTION, Role, RoleHolding
from steadydesk.errors import LastAdministrator, Problem
from steadydesk.records.directory_facts import administrators

WOULD_BE_NONE = "nobody who is active would be administrator of the whole organisation any more"

_ADMINISTRATOR = RoleHolding(role=Role.ADMINISTRATOR, function=ANY_FUNCTION)
_ONE_AT_A_TIME = 7_301_971


@asynccontextmanager
async def administered(connection: AsyncConnection, *problems: Problem) -> AsyncIterator[None]:
    """Changes of the directory after which there is an administrator still. LastAdministrator with ``problems``
    otherwise, unless there was none before; the caller's transaction has to end with it.
    """
    before = await lock_administration(connection)
    yield
    if before and not await administrators(connection):
        raise LastAdministrator("Nobody would administer the organisation any more.", problems=problems)


async def lock_administration(connection: AsyncConnection) -> list[str]:
    """The administrators, whom nobody else changes before this transaction ends: two of them must not let go of each
    other at the same time.
    """
    await connection.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    return await administrators(connection)


async def without_letting_go_of_the_last(
    connection: AsyncConnection, person_id: str, held: set[RoleHolding], then: set[RoleHolding]
) -> set[RoleHolding]:
    """The roles ``then``, with that of an administrator where the person is the last to hold it."""
    if _ADMINISTRATOR not in held - then or await lock_administration(connection) != [person_id]:
        return then
    return then | {_ADMINISTRATOR}
