import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from steadydesk.contracts.assertion import AuthenticationMethod
from steadydesk.contracts.directory import NewPerson, RoleHolding
from steadydesk.contracts.identity import EVERY_OWN_SCOPE, FirstAdministrator, OidcClaims, OidcMapping, Scope
from steadydesk.errors import Conflict, InvalidInput, NotSignedIn, QuotaExceeded, UnknownRecord
from steadydesk.records.directory import add_person
from steadydesk.records.directory_claims import follow_claims
from steadydesk.records.directory_departure import deactivate
from steadydesk.records.directory_events import installation
from steadydesk.records.identity import SIGN_IN_LABEL, end_token, issue, list_tokens, token_proof
from steadydesk.records.identity_link import (
    FIRST_ADMINISTRATOR,
    first_administrator_link,
    make_first_administrator,
    make_link,
)
from steadydesk.records.identity_password import Guess, set_password, sign_in
from steadydesk.records.identity_session import (
    LONGEST,
    LONGEST_IDLE,
    end_session,
    find_session,
    open_session,
)
from steadydesk.records.secrets import SecretKind, new_secret
from steadydesk.records.tables.identity import password, session, token
from steadydesk.records.tables.journal import audit
from tests.support.directory import NOW, standing_of

BY = installation(NOW)
MINUTE = timedelta(minutes=1)


async def id_of(connection: AsyncConnection, user_name: str) -> str:
    return (await standing_of(connection, user_name)).person.id


def test_secrets_have_one_length_and_do_not_repeat() -> None:
    secrets = {new_secret(SecretKind.API) for _ in range(200)}
    assert len(secrets) == 200
    assert all(re.fullmatch(r"sdk_[0-9A-Za-z]{43}", secret) for secret in secrets)


async def test_a_token_proves_its_person_and_only_its_hash_is_kept(connection: AsyncConnection) -> None:
    ada = await id_of(connection, "ada")
    secret = (await issue(connection, ada, "laptop", [Scope.READ, Scope.ORDER], NOW + MINUTE, NOW)).token
    proof = await token_proof(connection, secret, NOW)
    assert proof.standing.person.id == ada
    assert proof.standing.groups == {"it-desk"}
    assert proof.scopes == {Scope.READ, Scope.ORDER}
    assert proof.method is AuthenticationMethod.TOKEN
    stored = str((await connection.execute(select(token))).all())
    assert secret not in stored
    assert secret.removeprefix("sdk_") not in stored


async def test_a_token_ends_at_its_time_when_ended_and_when_it_is_another(
    connection: AsyncConnection,
) -> None:
    ada = await id_of(connection, "ada")
    secret = (await issue(connection, ada, "x", EVERY_OWN_SCOPE, NOW + MINUTE, NOW)).token
    for wrong in (secret[:-1], secret + "0", secret.swapcase(), "", "sdk_\ud800"):
        with pytest.raises(NotSignedIn):
            await token_proof(connection, wrong, NOW)
    with pytest.raises(NotSignedIn):
        await token_proof(connection, secret, NOW + MINUTE)
    (known,) = await list_tokens(connection, ada, NOW)
    await end_token(connection, known.id, NOW)
    with pytest.raises(NotSignedIn):
        await token_proof(connection, secret, NOW)
    with pytest.raises(UnknownRecord):
        await end_token(connection, known.id, NOW)
    assert await list_tokens(connection, ada, NOW) == []


async def test_last_use_is_written_at_most_once_a_minute(connection: AsyncConnection) -> None:
    secret = (await issue(connection, await id_of(connection, "ada"), "x", EVERY_OWN_SCOPE, None, NOW)).token
    uses = []
    for seconds in (0, 30, 59, 60, 100):
        await token_proof(connection, secret, NOW + timedelta(seconds=seconds))
        uses.append(await connection.scalar(select(token.c.last_used_at)))
    assert [int((used - NOW).total_seconds()) for used in uses] == [0, 0, 0, 60, 60]


async def test_acting_for_others_is_for_service_accounts(connection: AsyncConnection) -> None:
    scopes = [Scope.ORDER, Scope.ACT_FOR]
    with pytest.raises(InvalidInput) as caught:
        await issue(connection, await id_of(connection, "ada"), "x", scopes, None, NOW)
    assert caught.value.problems[0].pointer == "/scopes"
    secret = (await issue(connection, await id_of(connection, "robot"), "x", scopes, None, NOW)).token
    assert Scope.ACT_FOR in (await token_proof(connection, secret, NOW)).scopes
    with pytest.raises(InvalidInput):
        await issue(connection, await id_of(connection, "robot"), "x", scopes, NOW, NOW)


async def test_sign_in_tokens_say_that_it_was_a_password(connection: AsyncConnection) -> None:
    ada = await id_of(connection, "ada")
    secret = (await issue(connection, ada, SIGN_IN_LABEL, EVERY_OWN_SCOPE, None, NOW)).token
    assert (await token_proof(connection, secret, NOW)).method is AuthenticationMethod.PASSWORD


async def test_sessions_end_by_age_by_idleness_and_by_sign_out(connection: AsyncConnection) -> None:
    ada = await id_of(connection, "ada")
    secret = await open_session(connection, ada, "b" * 500, NOW)
    moment = NOW
    while moment < NOW + LONGEST:
        assert (await find_session(connection, secret, moment)).proof.standing.person.id == ada
        moment += LONGEST_IDLE - MINUTE
    with pytest.raises(NotSignedIn):
        await find_session(connection, secret, NOW + LONGEST)
    idle = await open_session(connection, ada, "", NOW)
    with pytest.raises(NotSignedIn):
        await find_session(connection, idle, NOW + LONGEST_IDLE)
    ended = await open_session(connection, ada, "", NOW)
    await end_session(connection, ended, NOW)
    with pytest.raises(NotSignedIn):
        await find_session(connection, ended, NOW)
    assert secret not in str((await connection.execute(select(session))).all())


WANTED = {"user_name": "first", "name": "First", "password": "correct horse battery"}


async def test_the_first_administrator_comes_from_a_link_that_works_once(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        older = await first_administrator_link(connection, NOW)
        secret = await first_administrator_link(connection, NOW)
        for wrong, now in ((older, NOW), (f"{secret}x", NOW), (secret, NOW + timedelta(hours=25))):
            with pytest.raises(NotSignedIn):
                await make_first_administrator(
                    connection, FirstAdministrator.model_validate({**WANTED, "link": wrong}), now
                )
        wanted = FirstAdministrator.model_validate({**WANTED, "link": secret})
        first = await make_first_administrator(connection, wanted, NOW)
        assert RoleHolding.parse("administrator") in (await standing_of(connection, "first")).roles
        assert "correct horse" not in str((await connection.execute(select(password))).all())
        assert await first_administrator_link(connection, NOW) is None
        with pytest.raises(NotSignedIn):
            await make_first_administrator(connection, wanted, NOW)
        assert await connection.scalar(select(func.count()).where(audit.c.number == first.id)) == 2
        await connection.rollback()


async def test_a_link_left_over_makes_no_second_administrator(connection: AsyncConnection) -> None:
    secret = await make_link(connection, FIRST_ADMINISTRATOR, NOW)
    with pytest.raises(Conflict):
        await make_first_administrator(
            connection, FirstAdministrator.model_validate({**WANTED, "link": secret}), NOW
        )


def guess(secret: str, user_name: str = "pat", address: str = "192.0.2.1") -> Guess:
    return Guess(user_name, secret, address, b"s" * 32)


@pytest.fixture
async def pat(engine: AsyncEngine) -> AsyncIterator[str]:
    """Somebody with a password, really there, for sign-ins have transactions of their own."""
    async with engine.begin() as connection:
        name = f"pat{await connection.scalar(select(func.count()).select_from(password))}"
        person = await add_person(connection, NewPerson(user_name=name, name="Pat"), BY)
        await set_password(connection, person.id, "correct horse battery", NOW)
    yield name
    async with engine.begin() as connection:
        await deactivate(connection, person.id, BY)


async def test_a_password_signs_in_and_a_wrong_one_or_nobody_does_not(engine: AsyncEngine, pat: str) -> None:
    person_id = await sign_in(engine, guess("correct horse battery", pat.upper(), "192.0.2.10"), NOW)
    async with engine.connect() as connection:
        assert await id_of(connection, pat) == person_id
    messages = set()
    for wrong in (guess("wrong", pat, "192.0.2.10"), guess("wrong", "nobody", "192.0.2.10")):
        with pytest.raises(NotSignedIn) as caught:
            await sign_in(engine, wrong, NOW)
        messages.add(caught.value.message)
    assert len(messages) == 1


async def test_guesses_slow_down_the_name_and_are_forgotten_on_success(engine: AsyncEngine, pat: str) -> None:
    for attempt in range(5):
        with pytest.raises(NotSignedIn):
            await sign_in(engine, guess("wrong", pat, f"192.0.2.{20 + attempt}"), NOW)
    with pytest.raises(QuotaExceeded) as caught:
        await sign_in(engine, guess("correct horse battery", pat, "192.0.2.30"), NOW)
    assert caught.value.details == {"retry_after": 5}
    later = NOW + timedelta(seconds=5)
    await sign_in(engine, guess("correct horse battery", pat, "192.0.2.30"), later)
    for _ in range(4):
        with pytest.raises(NotSignedIn):
            await sign_in(engine, guess("wrong", pat, "192.0.2.30"), later)
    await sign_in(engine, guess("correct horse battery", pat, "192.0.2.30"), later)


async def test_one_address_that_tries_many_names_is_slowed_down(engine: AsyncEngine) -> None:
    for attempt in range(20):
        with pytest.raises(NotSignedIn):
            await sign_in(engine, guess("wrong", f"name{attempt}", "192.0.2.99"), NOW)
    with pytest.raises(QuotaExceeded):
        await sign_in(engine, guess("wrong", "another", "192.0.2.99"), NOW)


async def test_an_own_success_does_not_clear_what_the_address_did_to_others(
    engine: AsyncEngine, pat: str
) -> None:
    for attempt in range(20):
        with pytest.raises(NotSignedIn):
            await sign_in(engine, guess("wrong", f"victim{attempt}", "192.0.2.77"), NOW)
        if attempt < 19:
            await sign_in(engine, guess("correct horse battery", pat, "192.0.2.77"), NOW)
    with pytest.raises(QuotaExceeded):
        await sign_in(engine, guess("correct horse battery", pat, "192.0.2.77"), NOW)


async def test_guesses_at_the_same_moment_are_all_counted(engine: AsyncEngine, pat: str) -> None:
    tries = [sign_in(engine, guess(f"wrong{one}", pat, f"198.51.100.{one}"), NOW) for one in range(12)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(answer, NotSignedIn) for answer in answers) == 5
    assert sum(isinstance(answer, QuotaExceeded) for answer in answers) == 7


MAPPING = OidcMapping.model_validate(
    {
        "groups": {"idp-desk": "it-desk", "idp-hr": "hr-team", "idp-ghost": "no-such-group"},
        "roles": {"ops": "operator"},
    }
)


def claims(groups: set[str] | None = None, roles: set[str] | None = None) -> OidcClaims:
    held = None if roles is None else frozenset(map(RoleHolding.parse, roles))
    return OidcClaims(
        user_name="bob", expires_at=NOW, groups=None if groups is None else frozenset(groups), roles=held
    )


async def test_mapped_groups_and_roles_follow_the_claims_and_no_others(connection: AsyncConnection) -> None:
    async def follow(said: OidcClaims) -> bool:
        return await follow_claims(connection, await standing_of(connection, "bob"), said, MAPPING, BY)

    assert not await follow(claims())
    assert not await follow(claims(groups={"it-desk"}, roles=set()))
    assert await follow(claims(groups={"hr-team", "no-such-group"}, roles={"operator"}))
    assert not await follow(claims(groups={"hr-team", "no-such-group"}, roles={"operator"}))
    bob = await standing_of(connection, "bob")
    assert bob.groups == {"hr-team", "choir"}
    assert RoleHolding.parse("operator") in bob.roles
    assert await follow(claims(roles=set()))
    bob = await standing_of(connection, "bob")
    assert RoleHolding.parse("operator") not in bob.roles
    assert bob.groups == {"hr-team", "choir"}
