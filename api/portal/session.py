"""Who looks at a page: the session behind the cookie, as the same Caller that a token gives."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from fastapi import Request

from api.portal.typed_form import TypedForm
from api.security import Caller, Demanding, address_of, caller_of, identity_of, services_of
from api.services import Services
from api.session_cookie import name_of, session_in, set_cookie
from steadydesk.contracts.directory import Person
from steadydesk.errors import NotAllowed, NotSignedIn, Refusal
from steadydesk.records.engine import autocommit
from steadydesk.records.identity_session import end_session, find_session, open_session, renew_session

VISIT = "steadydesk-visit"
"""A random id before sign-in, to which the sign-in form's token is bound."""

LIVE = "steadydesk-live"
"""The header of what a page fetches by itself."""

_FORM_TOKEN = b"form-token"
_OTHERS = "Somebody else is signed in here now; nothing was carried out."


@dataclass
class Visit:
    """What the frame around a page must know of the request; kept in its state.

    ``secret`` is the session's id, or that of the visit before sign-in. ``cookies`` are set with the answer. ``typed``
    is what somebody typed into a form of ours, without files and passwords; ``unsent`` says that it is only to be
    shown; ``sender`` is whose page the form says that it was on.
    """

    secret: str | None = None
    caller: Caller | None = None
    typed: TypedForm | None = None
    sender: str | None = None
    unsent: bool = False
    is_left_typed: bool = False
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    cookies: list[str] = field(default_factory=list[str])

    def leave_typed(self) -> str:
        """The Back key brings the page as it was left, with what was typed: browsers keep it, for its reader alone. For
        templates, which show nothing of it.
        """
        self.is_left_typed = True
        return ""

    @property
    def person(self) -> Person | None:
        return self.caller.person if self.caller else None

    @property
    def form_token(self) -> str:
        """What every form of the page carries; of no use with another session."""
        return _token_of(self.secret) if self.secret else ""

    def accepts(self, token: str | None) -> bool:
        return bool(token and self.secret) and hmac.compare_digest(
            self.form_token.encode(), (token or "").encode()
        )


class SignedIn(Demanding):
    """A dependency that gives the Caller of a browser's session, once they have shown that they may do
    ``permission``.
    """

    async def __call__(self, request: Request) -> Caller:
        visit = visit_of(request)
        secret = session_in(request.headers)
        if secret is None:
            raise NotSignedIn("Sign in first.")
        services = services_of(request.app)
        used = not _by_itself(request)
        found = await identity_of(request.app).prove_session(secret, address_of(request), used=used)
        visit.secret, visit.caller = secret, await caller_of(services, found.proof)
        if found.renew:
            await _renew(services, visit, secret)
        if visit.unsent and visit.sender != visit.caller.person.id:
            raise NotAllowed(_OTHERS)
        visit.caller.require(self.permission)
        return visit.caller


def visit_of(request: Request) -> Visit:
    if not hasattr(request.state, "visit"):
        request.state.visit = Visit()
    return request.state.visit


def begin_visit(request: Request) -> Visit:
    """The visit of somebody who is not signed in, with an id for the token of the sign-in form."""
    visit = visit_of(request)
    visit.secret = request.cookies.get(VISIT)
    if not visit.secret:
        visit.secret = secrets.token_urlsafe(24)
        visit.cookies.append(set_cookie(services_of(request.app).settings, VISIT, visit.secret))
    return visit


async def present_caller(request: Request) -> Caller | None:
    """Who is signed in, for a page that says what was refused before anybody was looked at; None for nobody."""
    visit = visit_of(request)
    secret = session_in(request.headers)
    if visit.caller is None and secret is not None:
        try:
            found = await identity_of(request.app).prove_session(secret, address_of(request), used=False)
            visit.caller = await caller_of(services_of(request.app), found.proof)
        except Refusal:
            return None
        visit.secret = secret
    return visit.caller


def present_of(services: Services, secret: str | None) -> Callable[[], Awaitable[Caller]]:
    """Asks who is signed in now by the session of this id, for a page that stays open; NotSignedIn once it has ended.
    That a page looks by itself is no use of its session.
    """

    async def ask() -> Caller:
        async with autocommit(services.engine).connect() as connection:
            found = await find_session(connection, secret or "", services.clock(), used=False)
        return await caller_of(services, found.proof)

    return ask


async def enter(request: Request, person_id: str, *, at_issuer: bool = False) -> str:
    """Sign the person in with a new session id, which is given back; whatever session the browser had is over.
    ``at_issuer`` says who proved it.
    """
    services, visit = services_of(request.app), visit_of(request)
    now = services.clock()
    before = session_in(request.headers)
    async with services.engine.begin() as connection:
        if before is not None:
            await end_session(connection, before, now)
        agent = request.headers.get("user-agent", "")
        fresh = await open_session(connection, person_id, agent, now, at_issuer=at_issuer)
    settings = services.settings
    visit.cookies += [
        set_cookie(settings, name_of(settings), fresh),
        set_cookie(settings, VISIT, "", seconds=0),
    ]
    return fresh


async def leave(request: Request) -> bool:
    """Sign out: the session is over here and in the browser. Whether it began at the issuer, which has one too."""
    services, secret = services_of(request.app), session_in(request.headers)
    at_issuer = False
    if secret is not None:
        async with services.engine.begin() as connection:
            at_issuer = await end_session(connection, secret, services.clock())
    settings = services.settings
    visit_of(request).cookies.append(set_cookie(settings, name_of(settings), "", seconds=0))
    return at_issuer


def _by_itself(request: Request) -> bool:
    """A page that is open listens and looks for what is new without anybody there: no use of the session."""
    return request.headers.get("accept") == "text/event-stream" or LIVE in request.headers


async def _renew(services: Services, visit: Visit, secret: str) -> None:
    """Another id now that the rights are others; the forms of pages that are open stay good for a moment."""
    async with services.engine.begin() as connection:
        fresh = await renew_session(connection, secret, services.clock())
    if fresh is not None:
        visit.secret = fresh
        visit.cookies.append(set_cookie(services.settings, name_of(services.settings), fresh))


def _token_of(secret: str) -> str:
    digest = hmac.new(secret.encode(), _FORM_TOKEN, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
