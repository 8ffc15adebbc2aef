"""The page that asks to sign in: at the door, or in the middle of a form, which it keeps until then."""

from fastapi import Request
from fastapi.responses import HTMLResponse

from api.portal.forms import Forms
from api.portal.page import bare_page
from api.portal.pressed import has_note
from api.portal.session import begin_visit
from api.portal.words import languages
from api.security import identity_of

SIGN_IN = "/sign-in"
AGAIN = "/sign-in/again"
LANGUAGES = "/sign-in/language"
SIGN_OUT = "/sign-out"
FIRST = "/sign-in/first-administrator"


def sign_in_page(
    request: Request,
    wanted: str,
    forms: Forms | None = None,
    *,
    failed: bool = False,
    status: int = 200,
    kept: str | None = None,
) -> HTMLResponse:
    """``wanted`` is the path of the page that was asked for; ``kept`` the form that was sent without a session, as
    ``typed_form.kept`` sealed it.
    """
    begin_visit(request)
    issuer = identity_of(request.app).issuer is not None
    names = [(tag, words("profile.language_name")) for tag, words in languages().items()]
    shown = {"next": wanted, "issuer": issuer, "failed": failed, "forms": forms or Forms(), "kept": kept}
    shown["languages"] = [] if kept else names
    return bare_page(request, "sign_in/form", status, pressed=has_note(wanted), **shown)
