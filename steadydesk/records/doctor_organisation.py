"""Whether somebody is there: groups that are given work or decisions, managers, anchors, orders not taken up."""

from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from steadydesk.contracts.organisation import Organisation
from steadydesk.policies.doctor import Symptom
from steadydesk.records import anchors
from steadydesk.records.organisation import in_force
from steadydesk.records.tables.directory import membership, person, person_group
from steadydesk.records.tables.process import record, reservation

_TAKEN_UP_WITHIN = timedelta(minutes=1)


async def examine_organisation(connection: AsyncConnection) -> list[Symptom]:
    """Groups without an active member that are given work are serious; people without a manager are not."""
    _, resolved = await in_force(connection)
    manned = await _manned_groups(connection)
    given = await _given_groups(connection)
    missing = [
        Symptom("owner", group, f"the group has no active member, and {why}")
        for group, why in sorted({**_named_groups(resolved.organisation), **given}.items())
        if group not in manned
    ]
    return [*missing, *await _unmanaged(connection)]


async def examine_orders(connection: AsyncConnection, now: datetime) -> list[Symptom]:
    """Orders that got a number and that no process took up."""
    rows = await connection.execute(
        select(reservation.c.number, reservation.c.reserved_at).where(
            reservation.c.opened_at.is_(None), reservation.c.reserved_at < now - _TAKEN_UP_WITHIN
        )
    )
    return [
        Symptom("order", number, f"reserved at {at:%Y-%m-%d %H:%M} and not taken up") for number, at in rows
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


async def _manned_groups(connection: AsyncConnection) -> set[str]:
    query = (
        select(membership.c.group_key)
        .join(person, person.c.id == membership.c.person)
        .join(person_group, person_group.c.key == membership.c.group_key)
        .where(person.c.active, ~person.c.service_account, person_group.c.active)
    )
    return set(await connection.scalars(query.distinct()))


async def _given_groups(connection: AsyncConnection) -> dict[str, str]:
    query = select(record.c.assignment_group).where(record.c.open, record.c.assignment_group.is_not(None))
    return dict.fromkeys(await connection.scalars(query.distinct()), "open records are given to it")


def _named_groups(organisation: Organisation) -> dict[str, str]:
    """The groups that new orders will need."""
    named: dict[str, str] = {}
    for key, item in organisation.catalog.items():
        named[item.owner] = f"it answers for '{key}'"
        named[item.fulfilment_group] = f"it fulfils '{key}'"
    for key, policy in organisation.approval_policies.items():
        named[policy.fallback] = f"it decides for '{key}' when nobody else can"
    return named


async def _unmanaged(connection: AsyncConnection) -> list[Symptom]:
    """People whose approvals would go to a fallback group at once."""
    manager = aliased(person, name="manager")
    present = exists().where(manager.c.id == person.c.manager, manager.c.active)
    query = select(person.c.user_name).where(person.c.active, ~person.c.service_account, ~present)
    names = await connection.scalars(query.order_by(person.c.user_name))
    return [Symptom("manager", name, "has no active manager", serious=False) for name in names]
