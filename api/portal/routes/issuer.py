"""Signing in at the OIDC issuer: the authorization code flow with PKCE; a short-lived cookie
binds it to the browser.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from api.oidc import OidcIssuer
from api.oidc_sign_in import tokens_for
from api.portal.guard import own_path, pages
from api.portal.session import enter, visit_of
from api.portal.sign_in_page import SIGN_IN
from api.security import identity_of, public, services_of
from api.services import Services
from api.session_cookie import set_cookie
from steadydesk.errors import NotSignedIn, Unavailable, UnknownAddress
from steadydesk.policies.signed_text import Purpose, sign_text, text_in

START = "/sign-in/issuer"
CALLBACK = "/sign-in/callback"
COOKIE = "steadydesk-issuer"

_WITHIN = timedelta(minutes=10)
_SCOPES = "openid profile email"

router = pages()


class Leaving(BaseModel):
    """What the browser keeps while its person is at the issuer; signed, so that nobody changes it."""

    state: str
    nonce: str
    verifier: str
    next: str
    until: float


@router.get(START, dependencies=[Depends(public)])
async def go_to_issuer(request: Request, next: str | None = None) -> Response:  # noqa: A002
    services, issuer = services_of(request.app), _issuer(request)
    drawn = [secrets.token_urlsafe(32) for _ in range(3)]
    until = (services.clock() + _WITHIN).timestamp()
    leaving = Leaving(state=drawn[0], nonce=drawn[1], verifier=drawn[2], next=own_path(next), until=until)
    asked = {
        "response_type": "code",
        "client_id": services.settings.oidc_client_id,
        "redirect_uri": _callback(services),
        "scope": _SCOPES,
        "state": leaving.state,
        "nonce": leaving.nonce,
        "code_challenge": challenge_of(leaving.verifier),
        "code_challenge_method": "S256",
    }
    address = await issuer.endpoint("authorization_endpoint")
    _keep(request, _sealed(services, leaving), int(_WITHIN.total_seconds()))
    return RedirectResponse(with_query(address, asked), 303)


@router.get(CALLBACK, dependencies=[Depends(public)])
async def come_back(request: Request, code: str | None = None, state: str | None = None) -> Response:
    """A new session for whom the issuer names; back to the form for anything that does not fit."""
    services, issuer = services_of(request.app), _issuer(request)
    leaving = _opened(services, request.cookies.get(COOKIE, ""))
    _keep(request, "", 0)
    if (
        leaving is None
        or code is None
        or not hmac.compare_digest((state or "").encode(), leaving.state.encode())
    ):
        return _failed()
    try:
        address = await issuer.endpoint("token_endpoint")
        given = await tokens_for(
            issuer.exchange, address, code, leaving.verifier, _callback(services), services.settings
        )
        audience = services.settings.oidc_client_id or issuer.rules.audience
        proof = await identity_of(request.app).proof_at_issuer(given, audience=audience, nonce=leaving.nonce)
    except NotSignedIn:
        return _failed()
    await enter(request, proof.standing.person.id, at_issuer=True)
    return RedirectResponse(leaving.next, 303)


async def way_out(request: Request) -> str | None:
    """Where the issuer ends its own session and sends the browser back to our sign-in; None where it publishes no
    such address, or does not answer: signing out here never waits for it.
    """
    services, issuer = services_of(request.app), identity_of(request.app).issuer
    if issuer is None:
        return None
    try:
        address = await issuer.endpoint("end_session_endpoint")
    except Unavailable:
        return None
    client = services.settings.oidc_client_id or issuer.rules.audience
    back = services.settings.public_url.rstrip("/") + SIGN_IN
    return with_query(address, {"client_id": client, "post_logout_redirect_uri": back})


def with_query(address: str, asked: Mapping[str, str | None]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"


def challenge_of(verifier: str) -> str:
    """RFC 7636, S256."""
    return _encoded(hashlib.sha256(verifier.encode()).digest())


def _issuer(request: Request) -> OidcIssuer:
    issuer = identity_of(request.app).issuer
    if issuer is None:
        raise UnknownAddress("No issuer is configured.")
    return issuer


def _callback(services: Services) -> str:
    return services.settings.public_url.rstrip("/") + CALLBACK


def _failed() -> RedirectResponse:
    return RedirectResponse("/sign-in?failed=true", 303)


def _keep(request: Request, value: str, seconds: int) -> None:
    settings = services_of(request.app).settings
    visit_of(request).cookies.append(set_cookie(settings, COOKIE, value, seconds=seconds, path="/sign-in"))


def _sealed(services: Services, leaving: Leaving) -> str:
    return sign_text(services.keyring, Purpose.SIGN_IN_AT_ISSUER, leaving.model_dump_json())


def _opened(services: Services, sealed: str) -> Leaving | None:
    content = text_in(services.keyring, Purpose.SIGN_IN_AT_ISSUER, sealed)
    leaving = Leaving.model_validate_json(content) if content is not None else None
    return leaving if leaving and leaving.until > services.clock().timestamp() else None


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
