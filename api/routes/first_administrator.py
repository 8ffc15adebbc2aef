"""The page that the one-time link of a new installation opens: one form, no scripts."""

import html
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse

from api.problems import refusals
from api.security import public, services_of
from steadydesk.contracts.identity import FirstAdministrator
from steadydesk.errors import Conflict, NotSignedIn
from steadydesk.records.identity_link import make_first_administrator

PATH = "/first-administrator"

router = APIRouter(tags=["sign-in"], dependencies=[Depends(public)], include_in_schema=False)

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    # The address holds the secret of the link.
    "Referrer-Policy": "no-referrer",
}
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>First administrator</title>
<h1>Steadydesk: first administrator</h1>{content}</html>"""
_FORM = """<form method="post"><input type="hidden" name="link" value="{link}">
<p><label>User name <input name="user_name" required autocomplete="username"></label>
<p><label>Name <input name="name" required autocomplete="name"></label>
<p><label>Password (at least 12 characters)
<input name="password" type="password" minlength="12" required autocomplete="new-password"></label>
<p><button>Make this person the administrator</button></form>"""


@router.get(PATH)
async def show_form(link: Annotated[str, Query(max_length=200)]) -> HTMLResponse:
    return _page(_FORM.format(link=html.escape(link)))


@router.post(PATH, status_code=201, responses=refusals(NotSignedIn, Conflict))
async def spend_link(request: Request, wanted: Annotated[FirstAdministrator, Form()]) -> HTMLResponse:
    services = services_of(request.app)
    async with services.engine.begin() as connection:
        person = await make_first_administrator(connection, wanted, services.clock())
    return _page(
        f"<p>{html.escape(person.name)} can sign in as {html.escape(person.user_name)} now.</p>", 201
    )


def _page(content: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(_PAGE.format(content=content), status, _HEADERS)
