"""Passwords: Argon2id, and each guess counted before it is checked, so that many at once gain nothing."""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from steadydesk.errors import NotSignedIn, QuotaExceeded
from steadydesk.policies.throttle import ADDRESS_FREE, USER_FREE, failures_now, wait_after
from steadydesk.records.tables.directory import person
from steadydesk.records.tables.identity import password, sign_in_failure

_HASHER = PasswordHash((Argon2Hasher(),))
_NOBODYS = _HASHER.hash("nobody's password, so that unknown names take as long as known ones")
_REFUSED = "User name or password is wrong."


@dataclass(frozen=True, slots=True)
class Guess:
    """One try to sign in. ``salt`` keys the hashes of name and address that the throttle keeps."""

    user_name: str
    secret: str
    address: str
    salt: bytes

    @property
    def name(self) -> str:
        return self._hashed(f"user:{self.user_name.lower()}")

    @property
    def place(self) -> str:
        return self._hashed(f"address:{self.address}")

    def subjects(self) -> tuple[tuple[str, int], ...]:
        """What is throttled, with the failures that are free; in one order, so that two guesses never
        deadlock.
        """
        return tuple(sorted([(self.name, USER_FREE), (self.place, ADDRESS_FREE)]))

    def _hashed(self, subject: str) -> str:
        return hmac.new(self.salt, subject.encode(), hashlib.sha256).hexdigest()


async def sign_in(engine: AsyncEngine, guess: Guess, now: datetime) -> str:
    """The id of the active person with this user name and password.

    NotSignedIn for a wrong pair, with the same words and in the same time for unknown names; QuotaExceeded,
    with ``retry_after`` in seconds, while the name or the address has to wait. Runs in transactions of its
    own, since a failure must stay counted.
    """
    async with engine.begin() as connection:
        await _count(connection, guess, now)
    async with engine.connect() as connection:
        row = (
            await connection.execute(
                select(person.c.id, password.c.hash)
                .join(password, password.c.person == person.c.id)
                .where(person.c.user_name == guess.user_name.lower(), person.c.active)
            )
        ).one_or_none()
    # Beside the event loop, for it takes tens of milliseconds by design.
    fits = await asyncio.to_thread(_HASHER.verify, guess.secret, row.hash if row else _NOBODYS)
    if row is None or not fits:
        raise NotSignedIn(_REFUSED)
    async with engine.begin() as connection:
        await _take_back(connection, guess)
    return row.id


async def set_password(connection: AsyncConnection, person_id: str, secret: str, now: datetime) -> None:
    """The person's password from now on."""
    digest = await asyncio.to_thread(_HASHER.hash, secret)
    statement = upsert(password).values(person=person_id, hash=digest, changed_at=now)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["person"],
            set_={"hash": statement.excluded.hash, "changed_at": now, "must_change": False},
        )
    )


async def _take_back(connection: AsyncConnection, guess: Guess) -> None:
    """The guess was right: forget the failures of the name, and of the address only this one.

    Otherwise somebody with one account could try the names of others for ever from one address.
    """
    await connection.execute(delete(sign_in_failure).where(sign_in_failure.c.subject == guess.name))
    await connection.execute(
        update(sign_in_failure)
        .where(sign_in_failure.c.subject == guess.place)
        .values(failures=sign_in_failure.c.failures - 1, blocked_until=None)
    )


async def _count(connection: AsyncConnection, guess: Guess, now: datetime) -> None:
    """Count the guess as a failure, until it proves right, for its name and its address; QuotaExceeded if
    blocked.
    """
    for subject, free in guess.subjects():
        await connection.execute(
            upsert(sign_in_failure)
            .values(subject=subject, failures=0, last_at=now)
            .on_conflict_do_nothing(index_elements=["subject"])
        )
        mine = sign_in_failure.c.subject == subject
        row = (await connection.execute(select(sign_in_failure).where(mine).with_for_update())).one()
        if row.blocked_until is not None and row.blocked_until > now:
            seconds = ceil((row.blocked_until - now).total_seconds())
            raise QuotaExceeded("Too many failed sign-ins.", details={"retry_after": seconds})
        failures = failures_now(row.failures, row.last_at, now) + 1
        await connection.execute(
            update(sign_in_failure)
            .where(mine)
            .values(failures=failures, last_at=now, blocked_until=now + wait_after(failures, free))
        )
