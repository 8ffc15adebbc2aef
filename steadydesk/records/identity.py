"""API tokens: issued once, found by their hash, ended by their owner or when the person leaves."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.assertion import AuthenticationMethod
from steadydesk.contracts.identity import IssuedToken, Proof, Scope, Token
from steadydesk.errors import InvalidInput, NotSignedIn, Problem, UnknownRecord
from steadydesk.records.directory import read_person
from steadydesk.records.directory_standing import standing_of, token_row
from steadydesk.records.identifiers import new_id
from steadydesk.records.secrets import SecretKind, hash_of, new_secret
from steadydesk.records.tables.identity import token

SIGN_IN_LABEL = "sign-in"
"""Label of the short-lived token that a sign-in with a password gives; nobody else may take it."""

_COLUMNS = tuple(token.c[name] for name in Token.model_fields)
_USE_WRITTEN_EVERY = timedelta(minutes=1)


async def issue(
    connection: AsyncConnection,
    person_id: str,
    label: str,
    scopes: Collection[Scope],
    expires_at: datetime | None,
    now: datetime,
) -> IssuedToken:
    """A new token with its record. InvalidInput for the scope ``act-for`` on a person's own token, or an
    expiry that has passed; UnknownRecord for a person who is unknown or has left.
    """
    person = await read_person(connection, person_id)
    if not person.active:
        raise UnknownRecord("There is no such active person.")
    if Scope.ACT_FOR in scopes and not person.service_account:
        raise InvalidInput(
            "Only service accounts act for others.",
            problems=[Problem("/scopes", "'act-for' is for service accounts")],
        )
    if expires_at is not None and expires_at <= now:
        raise InvalidInput("The expiry has passed.", problems=[Problem("/expires_at", "it lies in the past")])
    details = Token(
        id=new_id("t"),
        person=person_id,
        label=label,
        scopes=sorted(scopes),
        made_at=now,
        expires_at=expires_at,
    )
    secret = new_secret(SecretKind.API)
    row = details.model_dump(exclude={"last_used_at"}) | {"hash": hash_of(secret)}
    await connection.execute(insert(token).values(**row))
    return IssuedToken(token=secret, details=details)


async def token_proof(connection: AsyncConnection, secret: str, now: datetime) -> Proof:
    """Whose token it is and what for; NotSignedIn, without a reason, for any that is not valid at ``now``."""
    row = await token_row(connection, hash_of(secret), now)
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        raise NotSignedIn("The token is not valid.")
    standing = standing_of(row)
    if not standing.person.active:
        raise NotSignedIn("The token is not valid.")
    await _note_use(connection, row, now)
    return Proof(
        standing=standing,
        scopes=frozenset(Scope(scope) for scope in row.scopes),
        method=_method(row.token_label),
        credential=row.token,
    )


async def list_tokens(connection: AsyncConnection, person_id: str, now: datetime) -> list[Token]:
    """Tokens of the person that can be used, newest first."""
    statement = (
        select(*_COLUMNS)
        .where(token.c.person == person_id, token.c.ended_at.is_(None))
        .where(token.c.expires_at.is_(None) | (token.c.expires_at > now))
        .order_by(token.c.made_at.desc(), token.c.id)
    )
    return [_token_of(row) for row in await connection.execute(statement)]


async def read_token(connection: AsyncConnection, token_id: str) -> Token:
    """A token that has not ended, by id; UnknownRecord where there is none."""
    statement = select(*_COLUMNS).where(token.c.id == token_id, token.c.ended_at.is_(None))
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise UnknownRecord("There is no such token.")
    return _token_of(row)


async def end_token(connection: AsyncConnection, token_id: str, now: datetime) -> None:
    """The token is not valid from now on; UnknownRecord where none with this id was."""
    statement = (
        update(token)
        .where(token.c.id == token_id, token.c.ended_at.is_(None))
        .values(ended_at=now)
        .returning(token.c.id)
    )
    if await connection.scalar(statement) is None:
        raise UnknownRecord("There is no such token.")


async def _note_use(connection: AsyncConnection, row: Row[Any], now: datetime) -> None:
    if row.last_used_at is not None and now - row.last_used_at < _USE_WRITTEN_EVERY:
        return
    await connection.execute(update(token).where(token.c.id == row.token).values(last_used_at=now))


def _token_of(row: Row[Any]) -> Token:
    return Token(**{name: getattr(row, name) for name in Token.model_fields})


def _method(label: str) -> AuthenticationMethod:
    return AuthenticationMethod.PASSWORD if label == SIGN_IN_LABEL else AuthenticationMethod.TOKEN
