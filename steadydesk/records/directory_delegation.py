"""Delegations: made, ended and listed; both people are told, and the chain keeps who made it."""

from datetime import datetime

from sqlalchemy import insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.delegation import Delegation, NewDelegation
from steadydesk.contracts.directory import Standing
from steadydesk.errors import Conflict, InvalidInput, NotAllowed, Problem, UnknownRecord
from steadydesk.policies.delegation import check_delegation, may_answer_for
from steadydesk.records.delegation_end import end_now, trace
from steadydesk.records.directory import read_person
from steadydesk.records.directory_absence import absence_during
from steadydesk.records.directory_events import Author
from steadydesk.records.directory_facts import leavers
from steadydesk.records.directory_rows import DELEGATION_COLUMNS, delegation_of
from steadydesk.records.identifiers import new_id
from steadydesk.records.tables.directory import delegation


async def delegate(
    connection: AsyncConnection, new: NewDelegation, by: Standing, author: Author
) -> Delegation:
    """Let somebody decide for somebody else, in force in [begins_at, ends_at); ``by`` is whose rights
    count.
    """
    # Waits for their departures, which have not found this delegation.
    await leavers(connection, {new.delegator, new.delegate, by.person.id})
    try:
        delegator = await read_person(connection, new.delegator)
        deputy = await read_person(connection, new.delegate)
    except UnknownRecord:
        raise InvalidInput(
            "The directory has no such person.",
            problems=[Problem("/delegate", "delegate or delegator is unknown")],
        ) from None
    away = await absence_during(connection, new.delegator, new.begins_at, new.ends_at, held=True)
    check_delegation(new, by=by, delegator=delegator, delegate=deputy, away=away, now=author.at)
    made = Delegation(**new.model_dump(), id=new_id("d"), made_by=by.person.id, made_at=author.at)
    policies = ",".join(made.policies) if made.policies else None
    await connection.execute(insert(delegation).values(**made.model_dump() | {"policies": policies}))
    await trace(connection, "delegation.made", made, author)
    return made


async def end_delegation(
    connection: AsyncConnection, delegation_id: str, by: Standing, author: Author
) -> Delegation:
    """End it now: the delegator, the delegate, the delegator's manager or an administrator may."""
    found = await _locked(connection, delegation_id)
    delegator = await read_person(connection, found.delegator)
    if by.person.id != found.delegate and not may_answer_for(by, delegator):
        raise UnknownRecord("There is no such delegation.")
    if found.ended_at is not None or found.ends_at <= author.at:
        raise Conflict("The delegation is over already.")
    return await end_now(connection, found, author)


async def list_delegations(
    connection: AsyncConnection, person_id: str, by: Standing, now: datetime
) -> list[Delegation]:
    """Delegations from and to a person that are not over, soonest first; of others only for who answers for
    them.
    """
    if not may_answer_for(by, await read_person(connection, person_id)):
        raise NotAllowed("Delegations are seen by the person, their manager and administrators.")
    statement = (
        select(*DELEGATION_COLUMNS)
        .where(or_(delegation.c.delegator == person_id, delegation.c.delegate == person_id))
        .where(delegation.c.ended_at.is_(None), delegation.c.ends_at > now)
        .order_by(delegation.c.begins_at, delegation.c.id)
    )
    return [delegation_of(row) for row in await connection.execute(statement)]


async def _locked(connection: AsyncConnection, delegation_id: str) -> Delegation:
    statement = select(*DELEGATION_COLUMNS).where(delegation.c.id == delegation_id).with_for_update()
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise UnknownRecord("There is no such delegation.")
    return delegation_of(row)
