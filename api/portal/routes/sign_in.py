"""Signing in with user name and password, and out again."""

from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.portal.forms import KEY_FIELD, VERSION_FIELD, Form, Forms, FormState
from api.portal.guard import own_path, pages
from api.portal.page import A_YEAR, LANGUAGE, bare_page, page_of
from api.portal.routes.issuer import way_out
from api.portal.session import enter, leave, present_caller, visit_of
from api.portal.sign_in_page import AGAIN, LANGUAGES, SIGN_IN, SIGN_OUT, sign_in_page
from api.portal.typed_form import KEPT_FIELD, SENDER_FIELD, SHOWN_FIELD, TypedForm, found_in, shows_again
from api.portal.words import languages
from api.routes.session import guess_of
from api.security import address_of, caller_of, identity_of, public, services_of
from api.session_cookie import session_in, set_cookie
from steadydesk.contracts.identity import SignIn
from steadydesk.errors import NotSignedIn, Refusal
from steadydesk.records.identity_password import sign_in

router = pages()


@router.get(SIGN_IN, dependencies=[Depends(public)])
async def show_sign_in(request: Request, next: str | None = None, failed: bool = False) -> Response:  # noqa: A002
    """``next`` is the path of the page that was asked for."""
    if await present_caller(request) is not None:
        return RedirectResponse(own_path(next), 303)
    return sign_in_page(request, own_path(next), failed=failed)


@router.post(SIGN_IN, dependencies=[Depends(public)])
@shows_again
async def take_sign_in(request: Request, posted: Form) -> Response:
    """The page that was asked for, with a new session, or first the form that had none; this form again for a wrong
    pair.
    """
    services = services_of(request.app)
    wanted = own_path(posted.text("next"))
    try:
        credentials = posted.into(SignIn, ("user_name",), password=posted.values.get("password", [""])[0])
        guess = guess_of(request, credentials.user_name, credentials.password.get_secret_value())
        person = await sign_in(services.engine, guess, services.clock())
    except Refusal as refusal:
        typed = {"user_name": posted.all("user_name")}
        forms, held = Forms(FormState("sign_in", typed, refusal)), posted.text(KEPT_FIELD)
        answer = sign_in_page(request, wanted, forms, status=refusal.status, kept=held)
        if "retry_after" in refusal.details:
            answer.headers["Retry-After"] = str(refusal.details["retry_after"])
        return answer
    fresh = await enter(request, person)
    form = found_in(services.keyring, posted.text(KEPT_FIELD), person, services.clock())
    return RedirectResponse(wanted, 303) if form is None else await _show_kept(request, fresh, form)


@router.post(LANGUAGES, dependencies=[Depends(public)])
async def choose_language(request: Request, posted: Form) -> Response:
    """Kept in the browser, for the pages before the sign-in; after it, the person's own language counts."""
    chosen = posted.text("language") or ""
    if chosen in languages():
        settings = services_of(request.app).settings
        visit_of(request).cookies.append(set_cookie(settings, LANGUAGE, chosen, seconds=A_YEAR))
    return RedirectResponse(f"{SIGN_IN}?{urlencode({'next': own_path(posted.text('next'))})}", 303)


@router.post(AGAIN, dependencies=[Depends(public)])
@shows_again
async def go_on(request: Request, posted: Form) -> Response:
    """The form that had no session, for who has signed in meanwhile, in another window."""
    services, caller = services_of(request.app), await present_caller(request)
    wanted, held = own_path(posted.text("next")), posted.text(KEPT_FIELD)
    if caller is None:
        return sign_in_page(request, wanted, status=NotSignedIn.status, kept=held)
    form = found_in(services.keyring, held, caller.person.id, services.clock())
    secret = session_in(request.headers) or ""
    return RedirectResponse(wanted, 303) if form is None else await _show_kept(request, secret, form)


@router.post(SIGN_OUT, dependencies=[Depends(public)])
async def sign_out(request: Request) -> Response:
    """To the sign-in; from a session that began at the issuer on to the end of the session there."""
    further = await way_out(request) if await leave(request) else None
    if further is None:
        return RedirectResponse(SIGN_IN, 303)
    # By a page that goes on: a form of ours may lead nowhere else, not even by the status of its answer.
    answer = bare_page(request, "sign_in/ended", further=further)
    answer.headers["Refresh"] = f"0; url={further}"
    return answer


async def _show_kept(request: Request, secret: str, form: TypedForm) -> Response:
    """What was kept, in the session of ``secret``; nothing is carried out before it is sent once more."""
    found = await identity_of(request.app).prove_session(secret, address_of(request))
    visit = visit_of(request)
    visit.secret, visit.caller = secret, await caller_of(services_of(request.app), found.proof)
    return await page_of(request, visit.caller).show("sign_in/kept", kept=form, hidden=_hidden(form))


def _hidden(form: TypedForm) -> list[tuple[str, str]]:
    own = {SENDER_FIELD, SHOWN_FIELD, KEY_FIELD, VERSION_FIELD}
    return [(name, value) for name, values in form.fields.items() if name not in own for value in values]
