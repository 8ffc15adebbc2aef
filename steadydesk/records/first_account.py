"""The accounts of one natural person: every other one names the first, and no account names another one."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.errors import InvalidInput, Problem
from steadydesk.policies.directory import wrong_first
from steadydesk.records.directory_shape import lock_shape
from steadydesk.records.tables.directory import person


async def check_first_account(connection: AsyncConnection, account: str | None, first: str | None) -> None:
    """InvalidInput where ``account`` (None: a new one) cannot name ``first``. No other edit and no import makes a
    chain of them meanwhile.
    """
    if not first:
        return
    await lock_shape(connection)
    about = select(person.c.id, person.c.natural_person)
    rows = (
        await connection.execute(about.where(or_(person.c.id == first, person.c.natural_person == account)))
    ).all()
    names_another = first == account or any(row.id == first and row.natural_person for row in rows)
    is_first = account is not None and any(row.natural_person == account for row in rows)
    if words := wrong_first(names_another, is_first):
        raise InvalidInput(
            "These accounts cannot be one person's.", problems=[Problem("/natural_person", words)]
        )
