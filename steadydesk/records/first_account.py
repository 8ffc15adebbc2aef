"""The accounts of one natural person: every other one names the first, and no account names another one."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.errors import InvalidInput, Problem
from steadydesk.policies.directory import wrong_first
from steadydesk.records.tables.directory import person


async def check_first_account(connection: AsyncConnection, account: str | None, first: str | None) -> None:
    """InvalidInput where ``account`` (None: a new one) cannot name ``first``. Locks both, so that no other edit makes
    a chain of them meanwhile.
    """
    if not first:
        return
    about = select(person.c.id, person.c.natural_person).order_by(person.c.id)
    await connection.execute(about.where(person.c.id.in_([first, account])).with_for_update())
    rows = (
        await connection.execute(about.where(or_(person.c.id == first, person.c.natural_person == account)))
    ).all()
    names_another = first == account or any(row.id == first and row.natural_person for row in rows)
    is_first = account is not None and any(row.natural_person == account for row in rows)
    if words := wrong_first(names_another, is_first):
        raise InvalidInput(
            "These accounts cannot be one person's.", problems=[Problem("/natural_person", words)]
        )
