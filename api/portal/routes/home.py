"""The first page: what waits for the reader, what they asked for, what is late; and how pages look to them."""

from datetime import datetime

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.portal.forms import Form
from api.portal.guard import own_path, pages
from api.portal.page import A_YEAR, THEME, THEMES, Page, ReaderPage
from api.portal.progress import what_of
from api.portal.session import visit_of
from api.security import public, services_of
from api.session_cookie import set_cookie
from steadydesk.contracts.agenda import Waiting, WaitingKind
from steadydesk.contracts.views import RecordView
from steadydesk.policies.rights import Permission
from steadydesk.records.views.home import MOST, Approval, home_content
from steadydesk.records.views.records import COUNT_CAP

router = pages()

_ASKED = (WaitingKind.REQUESTER, WaitingKind.INFORMATION, WaitingKind.RESUBMISSION, WaitingKind.SURVEY)


@router.get("/")
async def show_home(page: ReaderPage) -> Response:
    async with page.services.engine.connect() as connection:
        operator_at = page.now if page.caller.may(Permission.OPERATE) else None
        content = await home_content(connection, page.viewer, page.caller.standing.groups, operator_at)
    return await page.show(
        "home/home",
        content=content,
        most_counted=COUNT_CAP,
        most=MOST,
        asked=lambda view: _kind(page, _asked(view)),
        asked_until=lambda view: _until(_asked(view)),
        until=_gate_until,
        first_wait=lambda view: first_wait(page, view),
    )


@router.post("/theme", dependencies=[Depends(public)])
async def choose_theme(request: Request, posted: Form) -> Response:
    """Kept in the browser; anything but light and dark follows the device."""
    wanted = posted.text("theme")
    settings = services_of(request.app).settings
    kept = wanted if wanted in THEMES else ""
    seconds = A_YEAR if kept else 0
    visit_of(request).cookies.append(set_cookie(settings, THEME, kept, seconds=seconds))
    return RedirectResponse(own_path(posted.text("next")), 303)


def first_wait(page: Page, view: RecordView) -> str:
    """What an open record waits for, in a few words."""
    return what_of(view.waiting[0], page.words) if view.waiting and view.open else ""


def _asked(view: RecordView) -> Waiting | None:
    return next((each for each in view.waiting if each.kind in _ASKED), None)


def _kind(page: Page, waiting: Waiting | None) -> str:
    return page.words(f"waiting.{waiting.kind.value}") if waiting else ""


def _until(waiting: Waiting | None) -> datetime | None:
    return waiting.until if waiting else None


def _gate_until(approval: Approval) -> datetime | None:
    mine = (each for each in approval.line.waiting if each.subject == approval.id)
    return _until(next(mine, None))
