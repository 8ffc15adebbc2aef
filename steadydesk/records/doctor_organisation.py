"""Whether somebody is there: for groups with work, people, grants, anchors, and for orders not taken up."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import exists, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from steadydesk.contracts.catalog import Lifecycle
from steadydesk.contracts.configuration import ResolvedOrganisation
from steadydesk.contracts.grant import GrantState
from steadydesk.contracts.organisation import Organisation
from steadydesk.policies.doctor import Symptom
from steadydesk.policies.ownership import owners
from steadydesk.policies.pre_approval import has_ended
from steadydesk.records import anchors
from steadydesk.records.doctor_ownership import examine_administration, examine_ownership
from steadydesk.records.organisation import in_force
from steadydesk.records.ownership import manned_groups
from steadydesk.records.tables.directory import person
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.process import command_key, process, record, reservation
from steadydesk.records.views.operations import not_taken_up, overdue

_TOLD_WITHIN = timedelta(seconds=30)
"""Until then a process may still have to hear that its person has left."""

_SOON = timedelta(days=30)


async def examine_organisation(connection: AsyncConnection, now: datetime) -> list[Symptom]:
    """That nobody administers, and groups without an active member that are given work, are serious; people without
    a manager, and pre-approvals that have ended or soon end, are not.
    """
    _, resolved = await in_force(connection)
    manned = await manned_groups(connection)
    given = await _given_groups(connection)
    missing = [
        Symptom("owner", group, f"the group has no active member, and {why}")
        for group, why in sorted({**_named_groups(resolved.organisation), **given}.items())
        if group not in manned
    ]
    none = await examine_administration(connection)
    ownership = await examine_ownership(connection, resolved.organisation)
    return [*none, *missing, *ownership, *_ending_pre_approvals(resolved, now), *await _unmanaged(connection)]


async def examine_grants(connection: AsyncConnection, now: datetime) -> list[Symptom]:
    """What somebody who has left still has by the register, and nothing takes back; not what they ordered for a future
    person, which the register has under their name.
    """
    left_at = func.coalesce(person.c.left_at, person.c.updated_at)
    line = func.jsonb_build_object("number", grant_register.c.line, "for_future_person", true())
    for_future_person = exists().where(
        process.c.number == grant_register.c.request,
        process.c.document["lines"].contains(func.jsonb_build_array(line)),
    )
    rows = await connection.execute(
        select(grant_register.c.number, person.c.user_name)
        .join(person, person.c.id == grant_register.c.holder)
        .where(grant_register.c.state == GrantState.ACTIVE.value, ~person.c.active)
        .where(~for_future_person)
        .where(func.greatest(left_at, grant_register.c.granted_at) < now - _TOLD_WITHIN)
        .order_by(grant_register.c.number)
    )
    return [Symptom("grant", number, f"is held by {name}, who has left") for number, name in rows]


async def holders_to_hear_of(connection: AsyncConnection, grants: Collection[str]) -> dict[str, str]:
    """Ids of the holders, by number, of those grants that have a process of their own; the others' requests hear."""
    rows = await connection.execute(
        select(grant_register.c.number, grant_register.c.holder)
        .join(process, process.c.number == grant_register.c.number)
        .where(grant_register.c.number.in_(grants))
    )
    return {row.number: row.holder for row in rows}


async def examine_orders(connection: AsyncConnection, now: datetime) -> list[Symptom]:
    """Orders that got a number and that no process took up."""
    rows = await connection.execute(
        select(reservation.c.number, reservation.c.reserved_at).where(not_taken_up(now))
    )
    return [
        Symptom("order", number, f"reserved at {at:%Y-%m-%d %H:%M} and not taken up") for number, at in rows
    ]


async def examine_commands(connection: AsyncConnection, now: datetime) -> list[Symptom]:
    """What people said and no process has answered, although it is sent again and again."""
    late = select(command_key.c.number, func.count(), func.min(command_key.c.made_at)).where(overdue(now))
    rows = await connection.execute(late.group_by(command_key.c.number).order_by(command_key.c.number))
    return [
        Symptom("command", number, f"{count} commands not answered, the first of {at:%Y-%m-%d %H:%M}")
        for number, count, at in rows
    ]


async def examine_anchors(connection: AsyncConnection, now: datetime, every: timedelta) -> list[Symptom]:
    """Whether audit heads are signed as often as they should be."""
    last = await anchors.last_anchor(connection)
    if last is None:
        return [Symptom("anchor", "anchors", "no audit head was signed yet", serious=False)]
    at = last.statement.at
    late = now - at > 2 * every + timedelta(minutes=5)
    name = f"anchor {last.statement.serial}"
    return [Symptom("anchor", name, f"the last one is of {at:%Y-%m-%d %H:%M} UTC")] if late else []


async def _given_groups(connection: AsyncConnection) -> dict[str, str]:
    query = select(record.c.assignment_group).where(record.c.open, record.c.assignment_group.is_not(None))
    return dict.fromkeys(await connection.scalars(query.distinct()), "open records are given to it")


def _named_groups(organisation: Organisation) -> dict[str, str]:
    """The groups that new orders will need."""
    named = {group: f"it answers for {path}" for path, group in owners(organisation)}
    for key, item in organisation.catalog.items():
        named[item.fulfilment_group] = f"it fulfils '{key}'"
    for key, policy in organisation.approval_policies.items():
        named[policy.fallback] = f"it decides for '{key}' when nobody else can"
    return named


def _ending_pre_approvals(resolved: ResolvedOrganisation, now: datetime) -> Iterator[Symptom]:
    """Items that cannot be ordered any more, or soon, since nobody approves them."""
    for key, item in resolved.organisation.catalog.items():
        advance = item.pre_approved
        if advance is None or item.approval is not None or item.lifecycle is not Lifecycle.PUBLISHED:
            continue
        today = now.astimezone(ZoneInfo(resolved.calendars[item.calendar].zone)).date()
        said = f"approved in advance by {advance.by} until {advance.until}"
        if has_ended(item, today):
            yield Symptom("pre-approval", key, f"cannot be ordered any more: {said}", serious=False)
        elif advance.until - today <= _SOON:
            yield Symptom("pre-approval", key, f"can soon not be ordered any more: {said}", serious=False)


async def _unmanaged(connection: AsyncConnection) -> list[Symptom]:
    """People whose approvals would go to a fallback group at once."""
    manager = aliased(person, name="manager")
    present = exists().where(manager.c.id == person.c.manager, manager.c.active)
    query = select(person.c.user_name).where(person.c.active, ~person.c.service_account, ~present)
    names = await connection.scalars(query.order_by(person.c.user_name))
    return [Symptom("manager", name, "has no active manager", serious=False) for name in names]
