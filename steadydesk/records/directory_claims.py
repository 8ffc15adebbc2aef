"""What the directory takes from the claims of an OIDC token: groups and roles that follow them, written only when
they differ, and people who are new.
"""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.assertion import SERVICE_ACTOR, AuthenticationMethod
from steadydesk.contracts.directory import Email, NewPerson, RoleHolding, Standing
from steadydesk.contracts.identity import OidcClaims, OidcMapping
from steadydesk.errors import ConflictingEdit, NotSignedIn
from steadydesk.records.directory import add_person, roles_held, set_roles
from steadydesk.records.directory_administration import without_letting_go_of_the_last
from steadydesk.records.directory_events import Author
from steadydesk.records.directory_membership import hold_member, membership_ended
from steadydesk.records.directory_sight import CLAIMS, joined, made_owner
from steadydesk.records.tables.directory import membership, person_group

_LONGEST_NAME = 200
_EMAIL: TypeAdapter[str] = TypeAdapter(Email)


async def enter_person(connection: AsyncConnection, claims: OidcClaims, now: datetime) -> None:
    """Put somebody into the directory who comes with a valid token for the first time, without groups, roles and
    manager. NotSignedIn for a user name that the directory does not take.
    """
    author = Author(SERVICE_ACTOR, now, AuthenticationMethod.OIDC)
    printable = "".join(letter for letter in claims.name or "" if letter.isprintable())
    name = printable.strip()[:_LONGEST_NAME] or claims.user_name
    try:
        new = NewPerson(user_name=claims.user_name, name=name, email=_email_of(claims))
    except ValidationError:
        raise NotSignedIn("The directory takes no such user name.") from None
    with suppress(ConflictingEdit):  # Another request of theirs was faster.
        await add_person(connection, new, author)


def _email_of(claims: OidcClaims) -> str | None:
    """The address where it is one; a strange one is no reason to keep somebody out."""
    try:
        return None if claims.email is None else _EMAIL.validate_python(claims.email)
    except ValidationError:
        return None


async def follow_claims(
    connection: AsyncConnection, standing: Standing, claims: OidcClaims, mapping: OidcMapping, author: Author
) -> bool:
    """Bring the mapped groups and roles of the person to what the claims say; whether something changed.

    A claim that the token does not have changes nothing, nor does a group that the directory does not have. The last
    administrator stays administrator, whatever the claims say.
    """
    changed = False
    # Roles first: they lock the administration, which everybody locks before the row of a person.
    if claims.roles is not None:
        changed = await _follow_roles(connection, standing, claims.roles, mapping, author)
    if claims.groups is not None:
        changed |= await _follow_groups(connection, standing, claims.groups, mapping, author)
    return changed


async def _follow_groups(
    connection: AsyncConnection,
    standing: Standing,
    wanted: frozenset[str],
    mapping: OidcMapping,
    author: Author,
) -> bool:
    mapped = set(mapping.groups.values())
    active = set(
        await connection.scalars(
            select(person_group.c.key).where(person_group.c.key.in_(mapped), person_group.c.active)
        )
        if standing.groups & mapped != wanted
        else ()
    )
    new, left = (wanted - standing.groups) & active, (standing.groups & mapped) - wanted
    if not new and not left:
        return False
    person_id = standing.person.id
    await hold_member(connection, person_id)
    await connection.execute(
        delete(membership).where(membership.c.person == person_id, membership.c.group_key.in_(left))
    )
    await membership_ended(connection, person_id, left, author)
    added = await _add_to(connection, person_id, new)
    await author.did(connection, "person.groups-claimed", person_id, joined=sorted(new), left=sorted(left))
    await joined(connection, person_id, added, author, reason=CLAIMS)
    return True


async def _add_to(connection: AsyncConnection, person_id: str, groups: Collection[str]) -> list[str]:
    """The groups that the person was not in before: another request with the same claims may have been faster."""
    if not groups:
        return []
    rows = [{"group_key": key, "person": person_id} for key in sorted(groups)]
    statement = upsert(membership).values(rows).on_conflict_do_nothing().returning(membership.c.group_key)
    return list(await connection.scalars(statement))


async def _follow_roles(
    connection: AsyncConnection,
    standing: Standing,
    wanted: frozenset[RoleHolding],
    mapping: OidcMapping,
    author: Author,
) -> bool:
    mapped = set(mapping.roles.values())
    if not mapped or standing.roles & mapped == wanted:
        return False
    held = set(await roles_held(connection, standing.person.id))
    then = (held - mapped) | wanted
    then = await without_letting_go_of_the_last(connection, standing.person.id, held, then)
    if then == held:
        return False
    gained = await set_roles(connection, standing.person.id, list(then))
    await author.did(
        connection, "person.roles-claimed", standing.person.id, roles=sorted(str(role) for role in then)
    )
    await made_owner(connection, standing.person.id, gained, author, reason=CLAIMS)
    return True
