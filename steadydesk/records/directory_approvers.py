"""Who could decide at a gate, as of now: group members, the line of managers, absence, delegates."""

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    all_,
    any_,
    bindparam,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, array
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from steadydesk.contracts.directory import Approver
from steadydesk.records.directory_standing import in_force
from steadydesk.records.tables.directory import absence, delegation, membership, person, person_group

_NOW = bindparam("now", type_=absence.c.begins_at.type)
_PEOPLE = bindparam("people", type_=ARRAY(Text))


def _absent_until() -> ScalarSelect[Any]:
    return (
        select(func.max(absence.c.ends_at))
        .where(absence.c.person == person.c.id, absence.c.begins_at <= _NOW, absence.c.ends_at > _NOW)
        .correlate(person)
        .scalar_subquery()
    )


def _covers(policy: str | None) -> ColumnElement[bool]:
    everything = delegation.c.policies.is_(None)
    if policy is None:
        return everything
    return or_(everything, literal(policy) == func.any(func.string_to_array(delegation.c.policies, ",")))


def _delegates(policy: str | None) -> ScalarSelect[Any]:
    delegate = person.alias("delegate")
    return (
        select(func.array_agg(aggregate_order_by(delegate.c.id.distinct(), delegate.c.id), type_=ARRAY(Text)))
        .where(delegation.c.delegator == person.c.id, in_force(), _covers(policy))
        .where(delegate.c.id == delegation.c.delegate, delegate.c.active, ~delegate.c.service_account)
        .correlate(person)
        .scalar_subquery()
    )


def _facts(policy: str | None, active: ColumnElement[bool] = person.c.active) -> Select[*tuple[Any, ...]]:
    return select(
        person.c.id,
        func.coalesce(person.c.natural_person, person.c.id).label("natural"),
        active,
        person.c.service_account,
        person.c.manager,
        _absent_until().label("absent_until"),
        _delegates(policy).label("delegates"),
    )


@lru_cache(maxsize=64)
def _facts_of(policy: str | None) -> Select[*tuple[Any, ...]]:
    """Made once per policy: every order and every vote asks."""
    return _facts(policy).where(person.c.id == any_(_PEOPLE))


def _held(people: ColumnElement[bool]) -> CTE:
    """These people locked, in order of id. Whoever waited for one reads the row as it is then, and only through the
    lock: everything else of the statement is as of its beginning.
    """
    of_people = select(person.c.id, person.c.active).where(people).order_by(person.c.id)
    return of_people.with_for_update(read=True, of=person).cte("held")


def _facts_with(held: CTE, policy: str | None) -> Select[*tuple[Any, ...]]:
    active = func.coalesce(held.c.active, person.c.active).label("active")
    return _facts(policy, active).select_from(person.outerjoin(held, held.c.id == person.c.id))


@lru_cache(maxsize=64)
def _facts_held(policy: str | None) -> Select[*tuple[Any, ...]]:
    held = _held(person.c.id == any_(bindparam("staying", type_=ARRAY(Text))))
    return _facts_with(held, policy).where(person.c.id == any_(_PEOPLE))


async def approvers(
    connection: AsyncConnection,
    people: Collection[str],
    policy: str | None,
    now: datetime,
    *,
    staying: Collection[str] = (),
) -> dict[str, Approver]:
    """What a gate of ``policy`` must know of these people, by id; unknown ids are missing. Those ``staying`` among them
    cannot leave before the transaction ends.

    ``delegates`` are those whom each person named; what a delegate delegated in turn is never followed.
    Without a policy only delegations of everything count.
    """
    statement = _facts_held(policy) if staying else _facts_of(policy)
    named = {"staying": list(staying)} if staying else {}
    rows = await connection.execute(statement, {"people": list(people), "now": now, **named})
    return {row.id: _approver(row) for row in rows}


def _approver(row: Row[*tuple[Any, ...]]) -> Approver:
    return Approver(
        person=row.id,
        natural=row.natural,
        active=row.active,
        service_account=row.service_account,
        manager=row.manager,
        absent_until=row.absent_until,
        delegates=row.delegates or [],
    )


_KEY = bindparam("key", type_=Text)
_MEMBERS = (
    select(person.c.id)
    .join(membership, membership.c.person == person.c.id)
    .join(person_group, person_group.c.key == membership.c.group_key)
    .where(person_group.c.key == _KEY, person_group.c.active, person.c.active, ~person.c.service_account)
    .order_by(person.c.id)
)
_MANAGER = (
    select(person.c.id)
    .join(person_group, person_group.c.manager == person.c.id)
    .where(person_group.c.key == _KEY, person.c.active)
)
_BY_NAME = select(person.c.user_name, person.c.id).where(
    person.c.user_name == any_(bindparam("names", type_=ARRAY(Text)))
)


async def group_members(connection: AsyncConnection, key: str) -> list[str]:
    """Ids of the people who can act for an active group now, in order of id; service accounts are left
    out.
    """
    return list(await connection.scalars(_MEMBERS, {"key": key}))


async def group_manager(connection: AsyncConnection, key: str) -> str | None:
    """Id of the manager of a group, if that person is active."""
    return await connection.scalar(_MANAGER, {"key": key})


async def manager_of(connection: AsyncConnection, person_id: str) -> str | None:
    """Id of the direct manager, also of an inactive one; a person who is their own manager has none."""
    manager = await connection.scalar(select(person.c.manager).where(person.c.id == person_id))
    return manager if manager != person_id else None


def _line_of_managers() -> CTE:
    """Who is above a person, with the level; whoever closes a circle stands in it once more, as ``seen`` says."""
    above = person.alias("above")
    line = (
        select(person.c.manager.label("id"), literal(1).label("level"), array([person.c.id]).label("seen"))
        .where(person.c.id == bindparam("under", type_=Text))
        .cte("line", recursive=True)
    )
    return line.union_all(
        select(above.c.manager, line.c.level + 1, func.array_append(line.c.seen, above.c.id))
        .join(line, above.c.id == line.c.id)
        .where(above.c.id != all_(line.c.seen))
    )


_LINE = _line_of_managers()
_IS_ABOVE = _LINE.c.id != all_(_LINE.c.seen)
_ABOVE = (
    select(_LINE.c.id)
    .join(person, person.c.id == _LINE.c.id)
    .where(_IS_ABOVE, person.c.active)
    .order_by(_LINE.c.level)
)
_EVERYBODY_ABOVE = select(_LINE.c.id).where(_LINE.c.id.is_not(None), _IS_ABOVE).order_by(_LINE.c.level)
_WANTED = union_all(
    select(func.unnest(_PEOPLE).label("id"), literal(0).label("level")),
    select(_LINE.c.id, _LINE.c.level).where(_IS_ABOVE),
).subquery("wanted")
_FACTS_ABOVE = (
    _facts_with(_held(person.c.id.in_(select(_LINE.c.id).where(_IS_ABOVE))), None)
    .add_columns(_WANTED.c.level)
    .join(_WANTED, _WANTED.c.id == person.c.id)
)


async def line_above(connection: AsyncConnection, person_id: str) -> list[str]:
    """Ids of the active managers up the line, nearest first; inactive ones are passed over, a circle
    ends it.
    """
    return list(await connection.scalars(_ABOVE, {"under": person_id}))


async def everybody_above(connection: AsyncConnection, person_id: str) -> list[str]:
    """The same with the inactive ones."""
    return list(await connection.scalars(_EVERYBODY_ABOVE, {"under": person_id}))


async def staying_above(connection: AsyncConnection, person_id: str, now: datetime) -> list[str]:
    """``line_above`` of a person, whom something is handed to: nobody in it leaves before the transaction ends."""
    line, _ = await approvers_above(connection, person_id, (), now)
    return line


async def approvers_above(
    connection: AsyncConnection, person_id: str, people: Collection[str], now: datetime
) -> tuple[list[str], dict[str, Approver]]:
    """``line_above`` of a person, and ``approvers`` of everybody in the line and of ``people``, in one read. Nobody in
    the line leaves before the transaction ends.
    """
    values = {"under": person_id, "people": list(people), "now": now}
    rows = sorted(await connection.execute(_FACTS_ABOVE, values), key=lambda row: row.level)
    line = [row.id for row in rows if row.level and row.active]
    return line, {row.id: _approver(row) for row in rows}


async def people_by_name(connection: AsyncConnection, user_names: Collection[str]) -> dict[str, str]:
    """User name to id, of active and inactive people alike; unknown names are missing."""
    rows = await connection.execute(_BY_NAME, {"names": [name.lower() for name in user_names]})
    return {row.user_name: row.id for row in rows}
