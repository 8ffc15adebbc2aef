"""Browser sessions: a random id in a cookie, kept as its hash, renewed when rights change, ended by idleness, by
age, or when somebody leaves.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.assertion import AuthenticationMethod
from steadydesk.contracts.directory import Standing
from steadydesk.contracts.identity import EVERY_OWN_SCOPE, BrowserSession, Proof
from steadydesk.errors import NotSignedIn, UnknownRecord
from steadydesk.records.directory_standing import standing_columns, standing_of
from steadydesk.records.secrets import SecretKind, hash_of, new_secret
from steadydesk.records.tables.directory import person
from steadydesk.records.tables.identity import session

LONGEST = timedelta(hours=12)
LONGEST_IDLE = timedelta(hours=2)
STILL_TAKEN = timedelta(seconds=20)
"""How long the id before a renewal is good: for what the browser had sent already."""

_SEEN_WRITTEN_EVERY = timedelta(minutes=1)
_AGENT_LENGTH = 200
_ID_LENGTH = 16

_BY_HASH = (
    standing_columns()
    .add_columns(session.c.seen_at, session.c.rights, session.c.ended_at)
    .join(session, session.c.person == person.c.id)
    .where(session.c.hash == bindparam("hash"))
)


@dataclass(frozen=True, slots=True)
class Found:
    """Whose session it is; ``renew`` says that their rights have changed since it got its id."""

    proof: Proof
    renew: bool


async def open_session(
    connection: AsyncConnection, person_id: str, agent: str, now: datetime, *, at_issuer: bool = False
) -> str:
    """The id of a new session, for a cookie; ``agent`` is the browser's name, cut to 200 characters."""
    secret = new_secret(SecretKind.SESSION)
    await connection.execute(
        insert(session).values(
            hash=hash_of(secret),
            person=person_id,
            made_at=now,
            seen_at=now,
            expires_at=now + LONGEST,
            agent=agent[:_AGENT_LENGTH],
            at_issuer=at_issuer,
        )
    )
    return secret


async def find_session(
    connection: AsyncConnection, secret: str, now: datetime, *, used: bool = True
) -> Found:
    """Whose session it is; NotSignedIn when it ended, is 12 hours old or was idle for two. One statement, and once a
    minute a second one, which notes that it was ``used``.
    """
    digest = hash_of(secret)
    statement = _BY_HASH.where(_alive(now))
    row = (await connection.execute(statement, {"hash": digest, "now": now})).one_or_none()
    found = standing_of(row) if row else None
    if row is None or found is None or not found.person.active:
        raise NotSignedIn("The session is over.")
    rights = rights_of(found)
    if used:
        await _note(connection, digest, row, rights, now)
    proof = Proof(
        standing=found,
        scopes=EVERY_OWN_SCOPE,
        method=AuthenticationMethod.SESSION,
        credential=id_of(secret),
    )
    return Found(proof, renew=row.rights not in ("", rights) and row.ended_at is None)


async def renew_session(connection: AsyncConnection, secret: str, now: datetime) -> str | None:
    """A new id for the same session, with its age; None where it was renewed or ended in the meantime."""
    old = session.c.hash == hash_of(secret)
    kept = (session.c.person, session.c.made_at, session.c.expires_at, session.c.agent, session.c.at_issuer)
    ended = (
        update(session).where(old, session.c.ended_at.is_(None)).values(ended_at=now + STILL_TAKEN)
    ).returning(*kept)
    row = (await connection.execute(ended)).one_or_none()
    if row is None:
        return None
    fresh = new_secret(SecretKind.SESSION)
    await connection.execute(insert(session).values(hash=hash_of(fresh), seen_at=now, **row._asdict()))
    return fresh


async def list_sessions(connection: AsyncConnection, person_id: str, now: datetime) -> list[BrowserSession]:
    """The person's sessions that can be used, the latest seen first."""
    rows = await connection.execute(
        select(session)
        .where(session.c.person == person_id, session.c.ended_at.is_(None), _alive(now))
        .order_by(session.c.seen_at.desc(), session.c.hash)
    )
    return [
        BrowserSession(
            id=_id(row.hash),
            agent=row.agent,
            made_at=row.made_at,
            seen_at=row.seen_at,
            expires_at=row.expires_at,
        )
        for row in rows
    ]


async def end_session(connection: AsyncConnection, secret: str, now: datetime) -> bool:
    """The session is over from now on; an unknown one is no fault. Whether it began at the OIDC issuer."""
    ended = update(session).where(session.c.hash == hash_of(secret), _not_ended(now)).values(ended_at=now)
    return bool(await connection.scalar(ended.returning(session.c.at_issuer)))


async def end_one(connection: AsyncConnection, person_id: str, identity: str, now: datetime) -> None:
    """End one of the person's own sessions by its id in the list; UnknownRecord for none of theirs."""
    prefix = identity.removeprefix("s_")
    if len(prefix) != _ID_LENGTH:
        raise UnknownRecord("There is no such session.")
    mine = and_(session.c.person == person_id, session.c.hash.startswith(prefix, autoescape=True))
    ended = await connection.execute(
        update(session).where(mine, _not_ended(now)).values(ended_at=now).returning(session.c.hash)
    )
    if not ended.all():
        raise UnknownRecord("There is no such session.")


async def end_others(connection: AsyncConnection, person_id: str, secret: str, now: datetime) -> int:
    """End every session of the person but this one; how many there were."""
    others = and_(session.c.person == person_id, session.c.hash != hash_of(secret))
    ended = await connection.execute(
        update(session).where(others, _not_ended(now)).values(ended_at=now).returning(session.c.hash)
    )
    return len(ended.all())


def id_of(secret: str) -> str:
    """How lists and commands name the session; it opens nothing."""
    return _id(hash_of(secret))


def rights_of(standing: Standing) -> str:
    """A digest of what somebody may do: roles, groups, whom they stand for and by which policies."""
    facts = [
        *sorted(map(str, standing.roles)),
        *sorted(standing.groups),
        *sorted(",".join([one.delegator, *sorted(one.policies or ())]) for one in standing.stands_for),
    ]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:_ID_LENGTH]


def _alive(now: datetime) -> ColumnElement[bool]:
    used = session.c.seen_at > now - LONGEST_IDLE
    return and_(_not_ended(now), session.c.expires_at > now, used)


def _not_ended(now: datetime) -> ColumnElement[bool]:
    return or_(session.c.ended_at.is_(None), session.c.ended_at > now)


async def _note(connection: AsyncConnection, digest: str, row: Row[Any], rights: str, now: datetime) -> None:
    values: dict[str, Any] = {}
    if now - row.seen_at >= _SEEN_WRITTEN_EVERY:
        values["seen_at"] = now
    if row.rights == "":
        values["rights"] = rights
    if values:
        await connection.execute(update(session).where(session.c.hash == digest).values(**values))


def _id(digest: str) -> str:
    return f"s_{digest[:_ID_LENGTH]}"
