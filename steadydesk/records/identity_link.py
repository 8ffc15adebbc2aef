"""One-time links: for the first administrator of an installation that has no demo users."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.directory import NewPerson, Person, Role, RoleHolding
from steadydesk.contracts.identity import FirstAdministrator
from steadydesk.errors import Conflict, NotSignedIn
from steadydesk.records.directory import add_person, set_roles
from steadydesk.records.directory_events import Author, installation
from steadydesk.records.directory_facts import administrators
from steadydesk.records.identity_password import set_password
from steadydesk.records.secrets import SecretKind, hash_of, new_secret
from steadydesk.records.tables.identity import one_time_link

FIRST_ADMINISTRATOR = "first-administrator"
VALID_FOR = timedelta(hours=24)
_ONE_AT_A_TIME = 7_301_967


async def make_link(connection: AsyncConnection, purpose: str, now: datetime) -> str:
    """The secret of a link that works once, within 24 hours; earlier links of the purpose end."""
    await connection.execute(
        update(one_time_link)
        .where(one_time_link.c.purpose == purpose, one_time_link.c.used_at.is_(None))
        .values(used_at=now)
    )
    secret = new_secret(SecretKind.LINK)
    await connection.execute(
        insert(one_time_link).values(hash=hash_of(secret), purpose=purpose, expires_at=now + VALID_FOR)
    )
    return secret


async def first_administrator_link(connection: AsyncConnection, now: datetime) -> str | None:
    """The secret of the link that makes the first administrator; None when there is one."""
    if await administrators(connection):
        return None
    return await make_link(connection, FIRST_ADMINISTRATOR, now)


async def use_link(connection: AsyncConnection, secret: str, purpose: str, now: datetime) -> None:
    """Spend the link; NotSignedIn when it is unknown, too old, for something else or spent."""
    mine = _usable(secret, purpose, now)
    statement = update(one_time_link).where(mine).values(used_at=now).returning(one_time_link.c.hash)
    if await connection.scalar(statement) is None:
        raise NotSignedIn("The link is not valid; 'steadydesk token first-administrator' makes a new one.")


async def makes_first_administrator(connection: AsyncConnection, secret: str, now: datetime) -> bool:
    """Whether the link is good for it still: nobody has spent it, and there is no administrator."""
    found = select(one_time_link.c.hash).where(_usable(secret, FIRST_ADMINISTRATOR, now))
    return await connection.scalar(found) is not None and not await administrators(connection)


def _usable(secret: str, purpose: str, now: datetime) -> ColumnElement[bool]:
    return and_(
        one_time_link.c.hash == hash_of(secret),
        one_time_link.c.purpose == purpose,
        one_time_link.c.used_at.is_(None),
        one_time_link.c.expires_at > now,
    )


async def make_first_administrator(
    connection: AsyncConnection, wanted: FirstAdministrator, now: datetime
) -> Person:
    """The first administrator of the whole organisation, with a password, against a link; Conflict if one
    exists.
    """
    await connection.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    await use_link(connection, wanted.link, FIRST_ADMINISTRATOR, now)
    if await administrators(connection):
        raise Conflict("There is an administrator already.")
    author: Author = installation(now)
    person = await add_person(connection, NewPerson(user_name=wanted.user_name, name=wanted.name), author)
    roles = [RoleHolding(role=role) for role in (Role.ADMINISTRATOR, Role.OPERATOR)]
    await set_roles(connection, person.id, roles)
    await author.did(connection, "person.roles-set", person.id, roles=[str(role) for role in roles])
    await set_password(connection, person.id, wanted.password.get_secret_value(), now)
    return person
