"""End what a request granted, on a page that says first what is taken back."""

from typing import Never

from fastapi.responses import Response

from api.portal.forms import Form, FormState, attempt
from api.portal.guard import pages
from api.portal.page import Page, ReaderPage
from api.portal.progress import revoked_by
from api.portal.record_page import can_do, read_content
from api.portal.typed_form import shows_again
from api.requests_read import RequestNumber
from api.routes import grants
from api.routes.grants import Revocation
from steadydesk.contracts.grant import GrantState
from steadydesk.errors import InvalidTransition, UnknownRecord
from steadydesk.records.engine import autocommit
from steadydesk.records.grants import GrantView
from steadydesk.records.views.request_page import RequestContent

router = pages()

_ENDED = (GrantState.REVOKED, GrantState.LEFT)


@router.get("/records/{number}/revoke")
async def preview_revocation(number: RequestNumber, page: ReaderPage, grant: str = "") -> Response:
    """What would be taken back, from whom; nothing happens yet."""
    return await _page(page, number, grant)


@router.post("/records/{number}/revoke")
@shows_again
async def revoke(number: RequestNumber, page: ReaderPage, posted: Form) -> Response:
    chosen = posted.text("grant") or ""

    async def send() -> None:
        await grants.revoke(chosen, posted.into(Revocation, ("reason",)), page.act(posted))

    failed = await attempt("revoke", posted, send())
    if failed is None:
        return page.back_to(f"/records/{number}#{chosen}", "revoke")
    return await _page(page, number, chosen, failed)


async def _page(page: Page, number: str, chosen: str, failed: FormState | None = None) -> Response:
    content = await read_content(page, number)
    grant = _grant(content, chosen)
    ending = can_do(page, content).revoke
    if failed is None and grant.number not in ending:
        await _refuse(page, grant)
    return await page.show(
        "record/revoke",
        failed=failed,
        content=content,
        grant=grant,
        version=ending.get(grant.number),
        own=grant.holder.id == page.caller.id,
        back=revoked_by(content, grant, page.words),
    )


async def _refuse(page: Page, grant: GrantView) -> Never:
    number = grant.number
    if grant.state in _ENDED:
        raise InvalidTransition(f"{number} has ended: nothing is left to give back.")
    async with autocommit(page.services.engine).connect() as connection:
        await grants.check_begun(connection, page.caller, number)
    raise InvalidTransition(
        f"{number} cannot be changed in this way now: it has moved on, or it is not yours to change."
    )


def _grant(content: RequestContent, chosen: str) -> GrantView:
    found = next((grant for grant in content.grants if grant.number == chosen), None)
    if found is None:
        raise UnknownRecord("there is no such grant, or it is not for you to see")
    return found
