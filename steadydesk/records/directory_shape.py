"""Who reports to whom, and whose accounts are one person's: nobody else changes it before the transaction ends."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.errors import InvalidInput, Problem
from steadydesk.policies.directory import circle_words
from steadydesk.records.directory_approvers import everybody_above
from steadydesk.records.tables.directory import person

_ONE_AT_A_TIME = 7_301_968


async def lock_shape(connection: AsyncConnection) -> None:
    """Before anything else that the transaction locks, so that an import and an edit never wait for each other in
    turn: both see the rows of many people as they were before they lock any.
    """
    await connection.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))


async def check_manager(connection: AsyncConnection, person_id: str, manager: str | None) -> None:
    """InvalidInput where the person is above that manager. Who is their own manager has nobody above."""
    if not manager or manager == person_id:
        return
    await lock_shape(connection)
    above = [manager, *await everybody_above(connection, manager)]
    if person_id not in above:
        return
    circle = above[: above.index(person_id)]
    found = await connection.execute(
        select(person.c.id, person.c.user_name).where(person.c.id.in_([person_id, *circle]))
    )
    names = {row.id: row.user_name for row in found}
    words = circle_words([names[one] for one in (person_id, *circle)])
    raise InvalidInput("Managers would stand in a circle.", problems=[Problem("/manager", words)])
