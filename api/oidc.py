"""Bearer tokens of an OpenID Connect issuer: signature, issuer, audience and time checked, claims put
in our words.
"""

import asyncio
import time
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError, SecurityWarning
from joserfc.jwk import KeySet

from api import oidc_exchange
from api.oidc_exchange import IssuerExchange, NoAnswerError, is_safe
from api.oidc_sign_in import Given, completed
from steadydesk.contracts.identity import OidcClaims, OidcRules
from steadydesk.errors import NotSignedIn, Unavailable

ALGORITHMS = ("RS256", "ES256", "EdDSA")
"""Fixed: neither ``none`` nor a symmetric algorithm, whatever a token's header says."""

_LEEWAY_SECONDS = 60
_KEYS_KEPT_SECONDS = 3600
_ASK_AGAIN_AFTER_SECONDS = 30
_LONGEST_TOKEN = 16_384
_REFUSED = "The token is not valid."
_SILENT = "The sign-in service does not answer."


class OidcIssuer:
    """One issuer, with its signing keys kept for an hour and asked for again when a token names a new one."""

    def __init__(
        self, rules: OidcRules, exchange: IssuerExchange, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rules = rules
        self.exchange = exchange
        self._clock = clock
        self._why_not = _SILENT
        self._keys: KeySet | None = None
        self._published: dict[str, Any] = {}
        self._fetched_at = 0.0
        self._tried_at: float | None = None
        self._fetching = asyncio.Lock()

    async def claims(self, token: str, now: datetime) -> OidcClaims:
        """What a valid bearer token says. NotSignedIn for any other; Unavailable while the issuer's keys
        cannot be had.
        """
        return self._in_our_words(await self._valid(token, now, self.rules.audience, None))

    async def claims_at_sign_in(
        self, given: Given, now: datetime, *, audience: str, nonce: str
    ) -> OidcClaims:
        """What a valid ID token for ``audience`` with the ``nonce`` says, and where it leaves out what the mapping
        names, what the issuer's UserInfo address says of the same person.
        """
        told = await self._valid(given.id_token, now, audience, nonce)
        address = self._published.get("userinfo_endpoint")
        if given.access_token and isinstance(address, str) and self.rules.mapping.claims - told.keys():
            address = self._safe(address, "userinfo_endpoint")
            told = await completed(self.exchange, told, address, given.access_token)
        return self._in_our_words(told)

    async def _valid(self, token: str, now: datetime, audience: str, nonce: str | None) -> dict[str, Any]:
        if len(token) > _LONGEST_TOKEN:
            raise NotSignedIn(_REFUSED)
        try:
            decoded = await self._decoded(token)
            self._registry(now, audience, nonce).validate(decoded)
        except (JoseError, ValueError, TypeError):
            # A token is whatever somebody sent: what it fails at is nobody's business but the issuer's.
            raise NotSignedIn(_REFUSED) from None
        return decoded

    async def _decoded(self, token: str) -> dict[str, Any]:
        keys = await self._current_keys()
        try:
            return _claims_signed_by(keys, token)
        except InvalidKeyIdError:
            return _claims_signed_by(await self._current_keys(anew=True), token)

    async def endpoint(self, name: str) -> str:
        """An address that the issuer publishes, such as ``token_endpoint``; Unavailable where it cannot be had."""
        await self._current_keys()
        address = self._published.get(name)
        if not isinstance(address, str):
            raise Unavailable(f"The issuer publishes no {name}.")
        return self._safe(address, name)

    def _safe(self, address: str, name: str) -> str:
        if not is_safe(address, self.rules.issuer):
            raise Unavailable(f"The issuer's {name} is not safe to use.")
        return address

    def _registry(self, now: datetime, audience: str, nonce: str | None) -> jwt.JWTClaimsRegistry:
        stated: dict[str, Any] = {} if nonce is None else {"nonce": {"essential": True, "value": nonce}}
        return jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": self.rules.issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            **stated,
        )

    def _in_our_words(self, claims: Mapping[str, Any]) -> OidcClaims:
        mapping = self.rules.mapping
        user_name = claims.get(mapping.user_name_claim)
        if not isinstance(user_name, str):
            raise NotSignedIn(f"The token has no claim '{mapping.user_name_claim}'.")
        groups = _values(claims.get(mapping.groups_claim))
        roles = _values(claims.get(mapping.roles_claim))
        verified = claims.get("email_verified") is not False
        return OidcClaims(
            user_name=user_name.lower(),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
            name=_text(claims.get(mapping.name_claim)),
            email=_text(claims.get(mapping.email_claim)) if verified else None,
            groups=None
            if groups is None
            else frozenset(mapping.groups[one] for one in groups & set(mapping.groups)),
            roles=None
            if roles is None
            else frozenset(mapping.roles[one] for one in roles & set(mapping.roles)),
        )

    async def _current_keys(self, *, anew: bool = False) -> KeySet:
        """Whoever finds that it is time to ask does so and waits. Keys that are known stay good meanwhile; who
        needs another one waits as well.
        """
        old = self._keys is None or self._clock() - self._fetched_at > _KEYS_KEPT_SECONDS
        asks = (old or anew) and self._may_ask()
        if asks:
            self._tried_at = self._clock()
        if asks or anew or self._keys is None:
            async with self._fetching:
                if asks:
                    await self._fetch()
        if self._keys is None:
            raise Unavailable(self._why_not, details={"retry_after": _ASK_AGAIN_AFTER_SECONDS})
        return self._keys

    def _may_ask(self) -> bool:
        """Not more often than every 30 seconds, however many tokens name keys that do not exist."""
        return self._tried_at is None or self._clock() - self._tried_at >= _ASK_AGAIN_AFTER_SECONDS

    async def _fetch(self) -> None:
        """New keys, or the old ones as long as the issuer does not answer."""
        self._why_not = _SILENT
        try:
            async with asyncio.timeout(oidc_exchange.TOTAL_SECONDS):
                discovered = await self._json(
                    f"{self.rules.issuer.rstrip('/')}/.well-known/openid-configuration"
                )
                if discovered.get("issuer") != self.rules.issuer:
                    return
                content = await self._json(self._safe(str(discovered["jwks_uri"]), "jwks_uri"))
            self._keys = KeySet.import_key_set({"keys": [key for key in content["keys"] if _signs(key)]})
            self._published = discovered
            self._fetched_at = self._clock()
        except Unavailable as refused:
            self._why_not = refused.message
        except (NoAnswerError, TimeoutError, JoseError, ValueError, KeyError, TypeError):
            return

    async def _json(self, address: str) -> dict[str, Any]:
        status, said = await self.exchange.ask("GET", address)
        if status != 200 or not isinstance(said, dict):
            raise NoAnswerError(f"status {status}")
        return said


def _claims_signed_by(keys: KeySet, token: str) -> dict[str, Any]:
    with warnings.catch_warnings():
        # RFC 9864 renames EdDSA, but issuers still sign by the old name.
        warnings.simplefilter("ignore", SecurityWarning)
        return jwt.decode(token, keys, algorithms=ALGORITHMS).claims


def _signs(key: Mapping[str, Any]) -> bool:
    return key.get("kty") in ("RSA", "EC", "OKP") and key.get("use", "sig") == "sig"


def _text(claim: object) -> str | None:
    return claim if isinstance(claim, str) else None


def _values(claim: object) -> set[str] | None:
    """A claim as a set of strings; one string is one value, and no claim is None."""
    if claim is None:
        return None
    if isinstance(claim, str):
        return {claim}
    return {one for one in claim if isinstance(one, str)} if isinstance(claim, list) else set()
