"""What a person's own account shows: who stands in for whom."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.delegation import Delegation
from steadydesk.contracts.views import PersonRef
from steadydesk.records.directory_rows import DELEGATION_COLUMNS, delegation_of
from steadydesk.records.tables.directory import delegation, person


@dataclass(frozen=True)
class NamedDelegation:
    details: Delegation
    delegator: PersonRef
    delegate: PersonRef


async def own_delegations(
    connection: AsyncConnection, person_id: str, now: datetime
) -> list[NamedDelegation]:
    """From and to the person, those that are not over, soonest first."""
    giver, taker = person.alias("giver"), person.alias("taker")
    names = [
        each.c[column].label(f"{each.name}_{column}")
        for each in (giver, taker)
        for column in ("name", "user_name")
    ]
    statement = (
        select(*DELEGATION_COLUMNS, *names)
        .join(giver, giver.c.id == delegation.c.delegator)
        .join(taker, taker.c.id == delegation.c.delegate)
        .where(or_(delegation.c.delegator == person_id, delegation.c.delegate == person_id))
        .where(delegation.c.ended_at.is_(None), delegation.c.ends_at > now)
        .order_by(delegation.c.begins_at, delegation.c.id)
    )
    return [
        NamedDelegation(
            delegation_of(row),
            PersonRef(id=row.delegator, name=row.giver_name, user_name=row.giver_user_name),
            PersonRef(id=row.delegate, name=row.taker_name, user_name=row.taker_user_name),
        )
        for row in await connection.execute(statement)
    ]
