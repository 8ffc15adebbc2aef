"""What the pages of one's own account share: their tabs, and forms whose refusal never means another sign-in."""

from collections.abc import Awaitable
from typing import Any

from fastapi.responses import HTMLResponse

from api.portal.forms import FormState, Posted, attempt
from api.portal.page import Page
from steadydesk.errors import NotSignedIn

PATH = "/profile"
_PARTS = ("", "/messages", "/delegations", "/tokens", "/sessions")


async def show_account(
    page: Page, part: str, failed: FormState | None = None, **context: Any
) -> HTMLResponse:
    """The page ``part`` of the account (its template's name) under the tabs of all of them."""
    tabs = [(f"{PATH}{each}", page.words(f"profile.tab_{each[1:] or 'self'}")) for each in _PARTS]
    here = PATH if part == "self" else f"{PATH}/{part}"
    return await page.show(f"profile/{part}", failed=failed, tabs=tabs, here=here, **context)


async def attempt_with_password(name: str, posted: Posted, sending: Awaitable[Any]) -> FormState | None:
    """As ``attempt``; a wrong password is a problem of its field, not of the session."""
    try:
        return await attempt(name, posted, sending)
    except NotSignedIn as refusal:
        return FormState(name, {}, refusal)
