"""The page that the one-time link of a new installation opens."""

from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from api.portal.forms import Form, Forms, FormState
from api.portal.guard import pages
from api.portal.page import bare_page
from api.portal.session import begin_visit, enter
from api.portal.sign_in_page import FIRST
from api.security import public, services_of
from steadydesk.contracts.identity import FirstAdministrator
from steadydesk.errors import Refusal
from steadydesk.records.engine import autocommit
from steadydesk.records.identity_link import make_first_administrator, makes_first_administrator

router = pages()


@router.get(FIRST, dependencies=[Depends(public)])
async def show_first(request: Request, link: Annotated[str, Query(max_length=200)] = "") -> Response:
    return await _page(request, link)


@router.post(FIRST, dependencies=[Depends(public)])
async def make_first(request: Request, posted: Form) -> Response:
    """The home page of who is the administrator now; the form again for what it cannot be made of, and no form once
    the link is good for nothing.
    """
    services, link = services_of(request.app), posted.text("link") or ""
    try:
        password = posted.values.get("password", [""])[0]
        wanted = posted.into(FirstAdministrator, ("user_name", "name"), link=link, password=password)
        async with services.engine.begin() as connection:
            person = await make_first_administrator(connection, wanted, services.clock())
    except Refusal as refusal:
        typed = {name: posted.all(name) for name in ("user_name", "name")}
        return await _page(request, link, Forms(FormState("first", typed, refusal)), refusal.status)
    await enter(request, person.id)
    return RedirectResponse("/", 303)


async def _page(request: Request, link: str, forms: Forms | None = None, status: int = 200) -> Response:
    begin_visit(request)
    services = services_of(request.app)
    async with autocommit(services.engine).connect() as connection:
        good = await makes_first_administrator(connection, link, services.clock())
    # The address holds the secret of the link, which the frame's Referrer-Policy keeps here. A stricter one would
    # take the origin from the form.
    return bare_page(request, "sign_in/first", status, link=link, good=good, forms=forms or Forms())
