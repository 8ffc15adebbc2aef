"""What an issuer gives for the code of a sign-in: the ID token, and what it tells of the person beyond it."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from api.oidc_exchange import IssuerExchange, NoAnswerError
from steadydesk.errors import NotSignedIn, Unavailable
from steadydesk.settings import Settings

_NOT_COMPLETED = "The sign-in was not completed."


@dataclass(frozen=True, slots=True)
class Given:
    """The tokens of one sign-in; the access token is for the issuer's own UserInfo address alone."""

    id_token: str
    access_token: str | None


async def tokens_for(
    issuer: IssuerExchange, address: str, code: str, verifier: str, redirect_uri: str, settings: Settings
) -> Given:
    """What the token endpoint at ``address`` gives; NotSignedIn where it refuses, Unavailable where it is away."""
    client_id = settings.oidc_client_id or ""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "client_id": client_id,
        "code_verifier": verifier,
    }
    proof = _proof(client_id, settings.oidc_client_secret)
    headers = {"Content-Type": "application/x-www-form-urlencoded", **proof}
    try:
        status, said = await issuer.ask("POST", address, headers, urlencode(form).encode())
    except NoAnswerError:
        raise Unavailable("The sign-in service does not answer.", details={"retry_after": 5}) from None
    given = _object_in(status, said)
    token, access = given.get("id_token"), given.get("access_token")
    if not isinstance(token, str):
        raise NotSignedIn(_NOT_COMPLETED)
    return Given(token, access if isinstance(access, str) else None)


def _proof(client_id: str, secret: str | None) -> dict[str, str]:
    """The client's own sign-in, where it has a secret."""
    pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"} if secret else {}


async def completed(
    issuer: IssuerExchange, claims: Mapping[str, Any], address: str, access_token: str
) -> dict[str, Any]:
    """The claims of a valid ID token with those that the UserInfo ``address`` has beyond them.

    With a code, an issuer may tell the claims of ``profile`` and ``email`` there alone (OpenID Connect Core 1.0, 5.4);
    they count for the same ``sub`` only (5.3.2): NotSignedIn for another. Where nothing readable comes, the token's
    claims are all there is; Unavailable where the guard refuses the address.
    """
    try:
        headers = {"Authorization": f"Bearer {access_token}"}
        more = _object_in(*await issuer.ask("GET", address, headers))
    except (NoAnswerError, NotSignedIn):
        return dict(claims)
    if more.get("sub") != claims.get("sub"):
        raise NotSignedIn(_NOT_COMPLETED)
    return {**more, **claims}


def _object_in(status: int, said: Any) -> dict[str, Any]:
    """The JSON object of a success; NotSignedIn for anything else."""
    if status != 200 or not isinstance(said, dict):
        raise NotSignedIn(_NOT_COMPLETED)
    return said
