"""Signing in with a password, signing out, and the link that makes the first administrator."""

import hashlib
import hmac
from datetime import timedelta

from fastapi import APIRouter, Depends, Request

from api.problems import refusals
from api.security import AccountHolder, Reader, address_of, public, services_of
from steadydesk.contracts.directory import Person
from steadydesk.contracts.identity import (
    EVERY_OWN_SCOPE,
    FirstAdministrator,
    IssuedToken,
    PasswordChange,
    SignIn,
)
from steadydesk.errors import Conflict, NotSignedIn, QuotaExceeded
from steadydesk.policies.assertion import Keyring
from steadydesk.records import identity
from steadydesk.records.directory_departure import end_sessions
from steadydesk.records.identity_link import make_first_administrator
from steadydesk.records.identity_password import Guess, set_password, sign_in

router = APIRouter(tags=["sign-in"])

TOKEN_LIFETIME = timedelta(hours=12)


@router.post(
    "/sessions",
    status_code=201,
    dependencies=[Depends(public)],
    responses=refusals(NotSignedIn, QuotaExceeded),
)
async def open_session(request: Request, credentials: SignIn) -> IssuedToken:
    """A token for twelve hours, for user name and password. Failures slow down their name and their
    address.
    """
    services = services_of(request.app)
    guess = guess_of(request, credentials.user_name, credentials.password.get_secret_value())
    now = services.clock()
    person_id = await sign_in(services.engine, guess, now)
    async with services.engine.begin() as connection:
        return await identity.issue(
            connection, person_id, identity.SIGN_IN_LABEL, EVERY_OWN_SCOPE, now + TOKEN_LIFETIME, now
        )


@router.delete("/sessions/current", status_code=204)
async def end_session(request: Request, caller: Reader) -> None:
    """The token of this request is not valid any more."""
    if caller.credential.startswith("t_"):
        async with services_of(request.app).engine.begin() as connection:
            await identity.end_token(connection, caller.credential, caller.now)


@router.put("/me/password", status_code=204, responses=refusals(NotSignedIn, QuotaExceeded))
async def change_password(request: Request, change: PasswordChange, caller: AccountHolder) -> None:
    """The old password proves that it is you; browser sessions end."""
    services = services_of(request.app)
    await sign_in(
        services.engine, guess_of(request, caller.person.user_name, change.old.get_secret_value()), caller.now
    )
    async with services.engine.begin() as connection:
        await set_password(connection, caller.person.id, change.new.get_secret_value(), caller.now)
        await end_sessions(connection, caller.person.id, caller.now)
        await caller.author.did(connection, "person.password-changed", caller.person.id)


@router.post(
    "/first-administrator",
    status_code=201,
    dependencies=[Depends(public)],
    responses=refusals(NotSignedIn, Conflict),
)
async def first_administrator(request: Request, wanted: FirstAdministrator) -> Person:
    """Spend the one-time link of a new installation on its first administrator, who then signs in with
    the password.
    """
    services = services_of(request.app)
    async with services.engine.begin() as connection:
        return await make_first_administrator(connection, wanted, services.clock())


def guess_of(request: Request, user_name: str, secret: str) -> Guess:
    """A try to sign in, from the address of the request."""
    return Guess(user_name, secret, address_of(request), _throttle_salt(services_of(request.app).keyring))


def _throttle_salt(keyring: Keyring) -> bytes:
    """A key of its own, so that the throttle's hashes tell nothing about assertions."""
    return hmac.new(keyring.keys[keyring.current], b"sign-in-throttle", hashlib.sha256).digest()
