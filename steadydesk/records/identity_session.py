"""Browser sessions: a random id in a cookie, kept as its hash, ended by idleness, by age, or when somebody
leaves.
"""

from datetime import datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.assertion import AuthenticationMethod
from steadydesk.contracts.identity import EVERY_OWN_SCOPE, Proof
from steadydesk.errors import NotSignedIn
from steadydesk.records.directory_standing import standing
from steadydesk.records.secrets import SecretKind, hash_of, new_secret
from steadydesk.records.tables.identity import session

LONGEST = timedelta(hours=12)
LONGEST_IDLE = timedelta(hours=2)
_SEEN_WRITTEN_EVERY = timedelta(minutes=1)
_AGENT_LENGTH = 200


async def open_session(connection: AsyncConnection, person_id: str, agent: str, now: datetime) -> str:
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
        )
    )
    return secret


async def session_proof(connection: AsyncConnection, secret: str, now: datetime) -> Proof:
    """Whose session it is; NotSignedIn when it ended, is 12 hours old or was idle for two."""
    digest = hash_of(secret)
    row = (
        await connection.execute(
            select(session.c.person, session.c.seen_at).where(
                session.c.hash == digest,
                session.c.ended_at.is_(None),
                session.c.expires_at > now,
                session.c.seen_at > now - LONGEST_IDLE,
            )
        )
    ).one_or_none()
    found = await standing(connection, row.person, now) if row else None
    if row is None or found is None or not found.person.active:
        raise NotSignedIn("The session is over.")
    if now - row.seen_at >= _SEEN_WRITTEN_EVERY:
        await connection.execute(update(session).where(session.c.hash == digest).values(seen_at=now))
    return Proof(
        standing=found,
        scopes=EVERY_OWN_SCOPE,
        method=AuthenticationMethod.SESSION,
        credential=f"s_{digest[:16]}",
    )


async def end_session(connection: AsyncConnection, secret: str, now: datetime) -> None:
    """The session is over from now on; an unknown one is no fault."""
    await connection.execute(
        update(session)
        .where(session.c.hash == hash_of(secret), session.c.ended_at.is_(None))
        .values(ended_at=now)
    )
