"""Signing in with user name and password, and out again."""

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.portal.forms import Form, Forms, FormState
from api.portal.guard import own_path, pages
from api.portal.page import bare_page
from api.portal.session import begin_visit, enter, leave
from api.routes.session import guess_of
from api.security import identity_of, public, services_of
from api.session_cookie import session_in
from steadydesk.contracts.identity import SignIn
from steadydesk.errors import NotSignedIn, Refusal
from steadydesk.records.identity_password import sign_in

PATH = "/sign-in"

router = pages()


@router.get(PATH, dependencies=[Depends(public)])
async def show_sign_in(request: Request, next: str | None = None, failed: bool = False) -> Response:  # noqa: A002
    """``next`` is the path of the page that was asked for."""
    if session_in(request.headers) and await _is_signed_in(request):
        return RedirectResponse(own_path(next), 303)
    return _page(request, own_path(next), failed=failed)


@router.post(PATH, dependencies=[Depends(public)])
async def take_sign_in(request: Request, posted: Form) -> Response:
    """The page that was asked for, with a new session; the form again for a wrong pair."""
    services = services_of(request.app)
    wanted = own_path(posted.text("next"))
    try:
        credentials = posted.into(SignIn, ("user_name",), password=posted.values.get("password", [""])[0])
        guess = guess_of(request, credentials.user_name, credentials.password.get_secret_value())
        person = await sign_in(services.engine, guess, services.clock())
    except Refusal as refusal:
        typed = {"user_name": posted.all("user_name")}
        answer = _page(request, wanted, Forms(FormState("sign_in", typed, refusal)), status=refusal.status)
        if "retry_after" in refusal.details:
            answer.headers["Retry-After"] = str(refusal.details["retry_after"])
        return answer
    await enter(request, person)
    return RedirectResponse(wanted, 303)


@router.post("/sign-out", dependencies=[Depends(public)])
async def sign_out(request: Request) -> Response:
    await leave(request)
    return RedirectResponse(PATH, 303)


def _page(
    request: Request, wanted: str, forms: Forms | None = None, *, failed: bool = False, status: int = 200
) -> Response:
    begin_visit(request)
    issuer = identity_of(request.app).issuer is not None
    shown = {"next": wanted, "issuer": issuer, "failed": failed, "forms": forms or Forms()}
    return bare_page(request, "sign_in/form", status, **shown)


async def _is_signed_in(request: Request) -> bool:
    secret = session_in(request.headers)
    try:
        await identity_of(request.app).prove_session(
            secret or "", request.client.host if request.client else ""
        )
    except NotSignedIn:
        return False
    return True
