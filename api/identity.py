"""Who a request comes from: its bearer token, checked against the database or the OIDC issuer, within
quotas.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from api.oidc import OidcIssuer
from api.oidc_exchange import IssuerExchange
from api.oidc_sign_in import Given
from api.services import Services
from api.throttle import Quota
from steadydesk.configuration.oidc_claims import read_rules
from steadydesk.contracts.assertion import AuthenticationMethod
from steadydesk.contracts.identity import EVERY_OWN_SCOPE, OidcClaims, Proof
from steadydesk.errors import NotSignedIn
from steadydesk.records.directory_claims import enter_person, follow_claims
from steadydesk.records.directory_events import Author
from steadydesk.records.directory_standing import standing_by_name
from steadydesk.records.engine import autocommit
from steadydesk.records.identity import token_proof
from steadydesk.records.identity_session import Found, find_session
from steadydesk.records.secrets import SecretKind, hash_of

_FAILURES_PER_MINUTE = 60


class Identity:
    """The checks of one process."""

    def __init__(self, services: Services) -> None:
        settings = services.settings
        rules = read_rules(settings)
        self._services = services
        self._issuer = (
            OidcIssuer(rules, IssuerExchange.of(rules.issuer, settings.egress_allow)) if rules else None
        )
        self._credentials = Quota(settings.quota_per_minute)
        self._people = Quota(settings.quota_per_minute)
        self._failures = Quota(_FAILURES_PER_MINUTE)

    async def prove(self, bearer: str, address: str) -> Proof:
        """Whose token it is. NotSignedIn for none of ours; QuotaExceeded before anything is read for it.

        A token that was valid before counts for itself alone: wrong tokens from its address do not stop it.
        """
        return await self._within_quotas(bearer, address, lambda: self._checked(bearer))

    async def prove_again(self, bearer: str) -> Proof:
        """The same for what stays open, which counts for no quota; NotSignedIn once the token has ended."""
        return await self._checked(bearer)

    async def prove_session(self, secret: str, address: str, *, used: bool = True) -> Found:
        """The same for a browser's session; whether it needs a new id, for its rights changed, goes with it. ``used``
        False: it does not live any longer by it.
        """
        kept: list[Found] = []

        async def check() -> Proof:
            async with autocommit(self._services.engine).connect() as connection:
                now = self._services.clock()
                kept.append(await find_session(connection, secret, now, used=used))
            return kept[0].proof

        await self._within_quotas(secret, address, check)
        return kept[0]

    @property
    def issuer(self) -> OidcIssuer | None:
        """The configured issuer, at which people may sign in."""
        return self._issuer

    async def proof_at_issuer(self, given: Given, *, audience: str, nonce: str) -> Proof:
        """Whose ID token it is that the issuer gave for a sign-in with ``nonce``; NotSignedIn for any other."""
        if self._issuer is None:
            raise NotSignedIn("No issuer is configured.")
        now = self._services.clock()
        claims = await self._issuer.claims_at_sign_in(given, now, audience=audience, nonce=nonce)
        return await self._of_claims(self._issuer, claims, now)

    async def _within_quotas(
        self, credential: str, address: str, check: Callable[[], Awaitable[Proof]]
    ) -> Proof:
        key = hash_of(credential)
        if self._credentials.knows(key):
            self._credentials.take(key)
            proof = await check()
        else:
            self._failures.check(address)
            try:
                proof = await check()
            except NotSignedIn:
                self._failures.take(address)
                raise
            self._credentials.take(key)
        self._people.take(proof.standing.person.id)
        return proof

    def refuse_flood(self, key: str) -> None:
        """QuotaExceeded, without counting, for a token of ours that has nothing left; ``key`` is its hash."""
        if self._credentials.knows(key):
            self._credentials.check(key)

    def limit_public(self, address: str) -> None:
        """Count a request without a sign-in for its address; QuotaExceeded when there are too many."""
        self._credentials.take(f"address:{address}")

    async def _checked(self, bearer: str) -> Proof:
        if bearer.startswith(SecretKind.API):
            async with autocommit(self._services.engine).connect() as connection:
                return await token_proof(connection, bearer, self._services.clock())
        if self._issuer is not None and bearer.count(".") == 2:
            return await self._from_issuer(self._issuer, bearer)
        raise NotSignedIn("The token is not valid.")

    async def _from_issuer(self, issuer: OidcIssuer, bearer: str) -> Proof:
        now = self._services.clock()
        return await self._of_claims(issuer, await issuer.claims(bearer, now), now)

    async def _of_claims(self, issuer: OidcIssuer, claims: OidcClaims, now: datetime) -> Proof:
        async with self._services.engine.begin() as connection:
            found = await standing_by_name(connection, claims.user_name, now)
            if found is None and issuer.rules.create_people:
                await enter_person(connection, claims, now)
                found = await standing_by_name(connection, claims.user_name, now)
            if found is None or not found.person.active or found.person.service_account:
                raise NotSignedIn("The directory has no active person with this user name.")
            author = Author(found.person.id, now, AuthenticationMethod.OIDC)
            if await follow_claims(connection, found, claims, issuer.rules.mapping, author):
                found = await standing_by_name(connection, claims.user_name, now) or found
        return Proof(
            standing=found,
            scopes=EVERY_OWN_SCOPE,
            method=AuthenticationMethod.OIDC,
            credential=found.person.id,
        )
