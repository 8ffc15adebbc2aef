"""One read that gives everything rights need about a person, as of now."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, and_, bindparam, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.directory import ANY_FUNCTION, Person, Role, RoleHolding, Standing, StandsFor
from steadydesk.policies.rights import implied_roles
from steadydesk.records.directory_rows import PERSON_COLUMNS, person_of
from steadydesk.records.tables.directory import delegation, membership, person, person_group, role_holder
from steadydesk.records.tables.identity import token

_NOW = bindparam("now", type_=delegation.c.begins_at.type)


def in_force() -> ColumnElement[bool]:
    """The delegations that hold at the bound ``now``: begun, neither over nor ended early."""
    return and_(delegation.c.ended_at.is_(None), delegation.c.begins_at <= _NOW, delegation.c.ends_at > _NOW)


def _groups() -> ScalarSelect[Any]:
    return (
        select(func.json_agg(func.json_build_array(person_group.c.key, person_group.c.function)))
        .where(membership.c.person == person.c.id)
        .where(membership.c.group_key == person_group.c.key, person_group.c.active)
        .correlate(person)
        .scalar_subquery()
    )


def _roles() -> ScalarSelect[Any]:
    return (
        select(func.json_agg(func.json_build_array(role_holder.c.role, role_holder.c.function)))
        .where(role_holder.c.person == person.c.id)
        .correlate(person)
        .scalar_subquery()
    )


def _stands_for() -> ScalarSelect[Any]:
    delegator = person.alias("delegator")
    one = func.json_build_array(
        delegator.c.id,
        func.coalesce(delegator.c.natural_person, delegator.c.id),
        delegation.c.policies,
        delegation.c.ends_at,
    )
    return (
        select(func.json_agg(aggregate_order_by(one, delegation.c.id)))
        .where(delegation.c.delegate == person.c.id, in_force())
        .where(delegator.c.id == delegation.c.delegator, delegator.c.active)
        .correlate(person)
        .scalar_subquery()
    )


def standing_columns() -> Select[Any]:
    """Person, groups, roles and delegators in one row; bind ``now``, and add what picks the person."""
    return select(
        *PERSON_COLUMNS,
        _groups().label("groups"),
        _roles().label("roles"),
        _stands_for().label("stands_for"),
    )


_BY_ID = standing_columns().where(person.c.id == bindparam("person_id"))
_BY_NAME = standing_columns().where(person.c.user_name == bindparam("user_name"))
_BY_TOKEN = (
    standing_columns()
    .add_columns(
        token.c.id.label("token"),
        token.c.label.label("token_label"),
        token.c.scopes,
        token.c.last_used_at,
        token.c.expires_at,
    )
    .join(token, token.c.person == person.c.id)
    .where(token.c.hash == bindparam("hash"), token.c.ended_at.is_(None))
)


async def standing(connection: AsyncConnection, person_id: str, now: datetime) -> Standing | None:
    """The standing of a person by id, also of one who has left (then without groups, roles and sight)."""
    row = (await connection.execute(_BY_ID, {"person_id": person_id, "now": now})).one_or_none()
    return standing_of(row) if row else None


async def standing_by_name(connection: AsyncConnection, user_name: str, now: datetime) -> Standing | None:
    """The same by user name."""
    row = (await connection.execute(_BY_NAME, {"user_name": user_name.lower(), "now": now})).one_or_none()
    return standing_of(row) if row else None


async def token_row(connection: AsyncConnection, token_hash: str, now: datetime) -> Row[Any] | None:
    """The standing's row of the person whose token, not ended, has this hash, with the token's own
    columns.
    """
    return (await connection.execute(_BY_TOKEN, {"hash": token_hash, "now": now})).one_or_none()


def standing_of(row: Row[Any]) -> Standing:
    """The contract of a row of ``standing_columns``."""
    whose = person_of(row)
    if not whose.active:
        return Standing(person=whose)
    groups: dict[str, str | None] = dict(row.groups or [])
    explicit = frozenset(RoleHolding(role=role, function=function) for role, function in row.roles or [])
    roles = explicit | implied_roles(whose, {function for function in groups.values() if function})
    return Standing(
        person=whose,
        groups=frozenset(groups),
        roles=roles,
        stands_for=tuple(_one_delegator(*entry) for entry in row.stands_for or []),
        own_sight=_subjects(whose, groups, roles),
    )


def _one_delegator(delegator: str, natural: str, policies: str | None, until: str) -> StandsFor:
    return StandsFor(
        delegator=delegator,
        natural=natural,
        policies=policies.split(",") if policies else None,
        until=datetime.fromisoformat(until),
    )


def _subjects(whose: Person, groups: dict[str, str | None], roles: frozenset[RoleHolding]) -> frozenset[str]:
    owned = {
        holding.function
        for holding in roles
        if holding.role is Role.PROCESS_OWNER and holding.function != ANY_FUNCTION
    }
    subjects = {f"p:{whose.id}"} | {f"g:{key}" for key in groups} | {f"f:{function}" for function in owned}
    return frozenset(subjects)
