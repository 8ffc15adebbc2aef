"""With what the reader can be here: API tokens, and the sessions of browsers."""

from datetime import timedelta

from fastapi.responses import Response

from api.portal.account_page import PATH, show_account
from api.portal.browsers import browser_words
from api.portal.days import day_in, end_of, today
from api.portal.forms import Form, FormState, attempt
from api.portal.guard import pages
from api.portal.page import AccountPage, Page
from api.portal.session import visit_of
from api.portal.typed_form import shows_again
from api.routes import tokens
from steadydesk.contracts.identity import BrowserSession, IssuedToken, NewToken, Scope
from steadydesk.errors import UnknownRecord
from steadydesk.policies.rights import SCOPE_OF
from steadydesk.records.identity import SIGN_IN_LABEL
from steadydesk.records.identity_session import end_one, end_others, id_of, list_sessions

router = pages()

TOKENS = f"{PATH}/tokens"
SESSIONS = f"{PATH}/sessions"
SUGGESTED_LIFE = timedelta(days=90)


@router.get(TOKENS)
async def show_tokens(page: AccountPage) -> Response:
    return await _tokens(page)


@router.post(TOKENS)
@shows_again
async def issue_token(page: AccountPage, posted: Form) -> Response:
    """The secret is on the page that answers, and nowhere else."""
    issued: list[IssuedToken] = []

    async def send() -> None:
        until = day_in(page, posted, "expires")
        new = posted.into(
            NewToken,
            ("label",),
            scopes=posted.all("scopes"),
            expires_at=end_of(page, until) if until else None,
        )
        issued.append(await tokens.issue_token(page.request, new, page.caller))

    failed = await attempt("token", posted, send())
    return await _tokens(page, failed, issued[0] if issued else None)


@router.get(TOKENS + "/{token}/end")
async def ask_end_token(token: str, page: AccountPage) -> Response:
    """What ends by it, and whether it shall: nothing brings a token back."""
    found = await tokens.list_tokens(page.request, page.caller)
    ending = next((one for one in found if one.id == token), None)
    if ending is None:
        raise UnknownRecord("There is no such token.")
    return await page.show("profile/end_token", token=ending, sign_in=SIGN_IN_LABEL)


@router.post(TOKENS + "/{token}/end")
async def end_token(token: str, page: AccountPage, posted: Form) -> Response:
    failed = await attempt("end", posted, tokens.end_token(page.request, token, page.caller))
    return await _tokens(page, failed) if failed else page.back_to(TOKENS, "token_ended")


@router.get(SESSIONS)
async def show_sessions(page: AccountPage) -> Response:
    found = await _sessions(page)
    return await show_account(page, "sessions", sessions=found, this=_this(page), browser=browser_words)


# Before /profile/sessions/{session}/end would take "others" for a session.
@router.get(SESSIONS + "/others/end")
async def ask_end_others(page: AccountPage) -> Response:
    ending = [one for one in await _sessions(page) if one.id != _this(page)]
    return await page.show("profile/end_session", sessions=ending, which="others", browser=browser_words)


@router.get(SESSIONS + "/{session}/end")
async def ask_end_session(session: str, page: AccountPage) -> Response:
    ending = [one for one in await _sessions(page) if one.id == session]
    if not ending:
        raise UnknownRecord("There is no such session.")
    return await page.show("profile/end_session", sessions=ending, which=session, browser=browser_words)


@router.post(SESSIONS + "/others/end")
async def end_other_sessions(page: AccountPage, posted: Form) -> Response:
    """Every session but the one in which the form was sent."""
    del posted
    async with page.services.engine.begin() as connection:
        count = await end_others(
            connection, page.caller.person.id, visit_of(page.request).secret or "", page.now
        )
        await page.caller.author.did(
            connection, "person.sessions-ended", page.caller.person.id, sessions=count
        )
    return page.back_to(SESSIONS, "sessions_ended")


@router.post(SESSIONS + "/{session}/end")
async def end_session(session: str, page: AccountPage, posted: Form) -> Response:
    del posted
    async with page.services.engine.begin() as connection:
        await end_one(connection, page.caller.person.id, session, page.now)
        await page.caller.author.did(connection, "person.sessions-ended", page.caller.person.id, sessions=1)
    return page.back_to(SESSIONS, "session_ended")


async def _sessions(page: Page) -> list[BrowserSession]:
    async with page.services.engine.connect() as connection:
        return await list_sessions(connection, page.caller.person.id, page.now)


def _this(page: Page) -> str:
    """The session of this browser, by its id in the list."""
    secret = visit_of(page.request).secret
    return id_of(secret) if secret else ""


def _usable(page: Page) -> list[Scope]:
    """The scopes that let the reader's tokens do anything."""
    found = {scope for permission, scope in SCOPE_OF.items() if page.caller.may(permission)}
    return [each for each in Scope if each in found]


async def _tokens(page: Page, failed: FormState | None = None, issued: IssuedToken | None = None) -> Response:
    found = await tokens.list_tokens(page.request, page.caller)
    return await show_account(
        page,
        "tokens",
        failed,
        tokens=found,
        issued=issued,
        sign_in=SIGN_IN_LABEL,
        scopes=[(each.value, page.words(f"profile.scope_{each.value}")) for each in _usable(page)],
        suggested=(today(page) + SUGGESTED_LIFE).isoformat(),
    )
