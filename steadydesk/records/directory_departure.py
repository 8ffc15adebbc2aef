"""When somebody leaves: one transaction ends what they could do and tells every process that names them."""

from datetime import datetime

from sqlalchemy import CompoundSelect, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.directory import Departure
from steadydesk.contracts.numbers import RecordKind
from steadydesk.errors import Conflict, Problem, UnknownRecord
from steadydesk.policies.rights import Relation
from steadydesk.records.directory_administration import WOULD_BE_NONE, administered
from steadydesk.records.directory_approvers import line_above
from steadydesk.records.directory_events import Author
from steadydesk.records.outbox import Message, post
from steadydesk.records.ownership import left_without_owner, present_organisation
from steadydesk.records.tables.approval import approver, gate
from steadydesk.records.tables.directory import delegation, person
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.identity import session, token
from steadydesk.records.tables.process import record, reservation, sight

_HELD = ("starting", "active")


async def deactivate(connection: AsyncConnection, person_id: str, author: Author) -> Departure:
    """Somebody leaves at ``author.at``. Repeated, it finds them gone and answers when they left, with no
    counts.
    """
    statement = select(person.c.active, person.c.left_at).where(person.c.id == person_id).with_for_update()
    # The administration is locked before their row, as an import does.
    async with administered(connection, Problem("/person_id", WOULD_BE_NONE, "path")):
        row = (await connection.execute(statement)).one_or_none()
        if row is None:
            raise UnknownRecord("There is no such person.")
        if not row.active:
            return Departure(person=person_id, left_at=row.left_at or author.at)
        await connection.execute(
            update(person)
            .where(person.c.id == person_id)
            .values(active=False, left_at=author.at, updated_at=author.at, version=person.c.version + 1)
        )
    processes = await _tell_processes(connection, person_id, author.at)
    owned = await _hand_over(connection, person_id, author.at)
    departure = Departure(
        person=person_id,
        left_at=author.at,
        sessions=await end_sessions(connection, person_id, author.at),
        tokens=await _end_tokens(connection, person_id, author.at),
        delegations=await _end_delegations(connection, person_id, author.at),
        processes=processes,
        owned=owned,
    )
    await author.did(connection, "person.left", person_id, processes=processes, owned=owned)
    return departure


async def reactivate(connection: AsyncConnection, person_id: str, author: Author) -> None:
    """Somebody comes back: active again, with the groups and roles they had; tokens and delegations stay
    ended.
    """
    statement = (
        update(person)
        .where(person.c.id == person_id, ~person.c.active)
        .values(active=True, left_at=None, updated_at=author.at, version=person.c.version + 1)
        .returning(person.c.id)
    )
    if await connection.scalar(statement) is None:
        raise Conflict("There is no such person who has left.")
    await author.did(connection, "person.came-back", person_id)


async def end_sessions(connection: AsyncConnection, person_id: str, now: datetime) -> int:
    """End every session of the person; how many there were."""
    statement = (
        update(session)
        .where(session.c.person == person_id, or_(session.c.ended_at.is_(None), session.c.ended_at > now))
        .values(ended_at=now)
        .returning(session.c.hash)
    )
    return len((await connection.execute(statement)).all())


async def _end_tokens(connection: AsyncConnection, person_id: str, now: datetime) -> int:
    statement = (
        update(token)
        .where(token.c.person == person_id, token.c.ended_at.is_(None))
        .values(ended_at=now)
        .returning(token.c.id)
    )
    return len((await connection.execute(statement)).all())


async def _end_delegations(connection: AsyncConnection, person_id: str, now: datetime) -> int:
    """Those that they gave and those that they were given, from now on also the coming ones."""
    statement = (
        update(delegation)
        .where(or_(delegation.c.delegator == person_id, delegation.c.delegate == person_id))
        .where(delegation.c.ended_at.is_(None), delegation.c.ends_at > now)
        .values(ended_at=now)
        .returning(delegation.c.id)
    )
    return len((await connection.execute(statement)).all())


def _processes_naming(person_id: str) -> CompoundSelect[str]:
    """Numbers of the workflows with an open gate, task, request or grant that names the person, with a request or grant
    in which they act for whom ordered it, or with an order by or for them that may be being opened just now.
    """
    gates = (
        select(gate.c.owner)
        .join(approver, approver.c.gate == gate.c.id)
        .where(approver.c.person == person_id, approver.c.state == "requested", gate.c.closed_at.is_(None))
    )
    named = (record.c.assigned_to, record.c.caller, record.c.opened_by)
    records = select(record.c.owner).where(record.c.open, or_(*(column == person_id for column in named)))
    grants = select(grant_register.c.number).where(
        grant_register.c.holder == person_id, grant_register.c.state.in_(_HELD)
    )
    acting = select(sight.c.number).where(
        sight.c.subject == f"p:{person_id}",
        sight.c.why == Relation.REQUESTER.value,
        sight.c.open,
        or_(*(sight.c.number.startswith(kind.value) for kind in (RecordKind.REQUEST, RecordKind.GRANT))),
    )
    ordered = select(reservation.c.number).where(
        reservation.c.opened_at.is_(None),
        or_(
            reservation.c.opened_by == person_id,
            reservation.c.order.contains({"requested_for": person_id}),
            reservation.c.order.contains({"items": [{"requested_for": person_id}]}),
        ),
    )
    return gates.union(records, grants, acting, ordered)


async def _tell_processes(connection: AsyncConnection, person_id: str, now: datetime) -> list[str]:
    """One outbox row for each process, so that its workflow looks again; their numbers in order."""
    processes = sorted(row[0] for row in await connection.execute(_processes_naming(person_id)))
    await post(
        connection,
        [
            Message(
                id=f"person.left:{person_id}:{number}:{now.isoformat()}",
                event="person.left",
                number=number,
                subject=person_id,
                audience=[],
                facts={"person": person_id},
                at=now,
            )
            for number in processes
        ],
    )
    return processes


async def _hand_over(connection: AsyncConnection, person_id: str, now: datetime) -> list[str]:
    """Tell the manager, and the group that looks after leavers, what nobody answers for any more."""
    organisation = await present_organisation(connection)
    owned = await left_without_owner(connection, organisation, person_id)
    audience = [f"p:{manager}" for manager in (await line_above(connection, person_id))[:1]]
    if organisation is not None:
        audience.append(f"g:{organisation.organisation.leavers_group}")
    message = Message(
        id=f"person.owned:{person_id}:{now.isoformat()}",
        event="person.owned",
        number=person_id,
        audience=audience,
        facts={"person": person_id, "owned": owned},
        at=now,
    )
    await post(connection, [message] if owned and audience else [])
    return owned
