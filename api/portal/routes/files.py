"""A file at an address of its own: signed, good for a minute, as a download only, whatever cookies come along."""

from datetime import datetime

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response

from api.cookieless import FILES
from api.portal.page import Page
from api.portal.words import preferred, words_in
from api.routes.attachments import DOWNLOAD_HEADERS, as_download
from api.security import public
from api.services import Services
from api.state import ServicesOf
from steadydesk.policies.file_link import FileLink, link_in, token_of
from steadydesk.policies.rights import Permission, Verb, allowed, may
from steadydesk.records import attachments
from steadydesk.records.attachments import FileContent
from steadydesk.records.directory_standing import standing
from steadydesk.records.views.visibility import Viewer, relations

router = APIRouter(include_in_schema=False)


@router.get(f"{FILES}{{token}}", dependencies=[Depends(public)])
async def fetch(token: str, request: Request, services: ServicesOf) -> Response:
    """The file, if the person of the link sees it now; the same 404 for whatever is wrong."""
    now = services.clock()
    link = link_in(services.keyring, token, now)
    found = await _seen(services, link, now) if link else None
    return as_download(found) if found else _missing(request)


def to_file(page: Page, identity: str) -> Response:
    """On to the file, for the reader of the page, who was found to see it."""
    token = token_of(page.services.keyring, FileLink(identity, page.caller.id), page.now)
    host = page.services.settings.files_url or ""
    return RedirectResponse(f"{host}{FILES}{token}", 303, {"Referrer-Policy": "no-referrer"})


async def _seen(services: Services, link: FileLink, now: datetime) -> FileContent | None:
    """Asked of the directory of this instant: who has left since the link was made sees nothing."""
    async with services.engine.connect() as connection:
        who = await standing(connection, link.person, now)
        number = await attachments.record_of(connection, link.attachment)
        if who is None or number is None or not who.person.active or not allowed(who, Permission.READ, None):
            return None
        if not may(Verb.SEE, await relations(connection, Viewer.of(who, now), number)):
            return None
        return await attachments.content_of(connection, number, link.attachment)


def _missing(request: Request) -> Response:
    words = words_in(preferred(request.headers.get("accept-language", "")))
    return PlainTextResponse(words("record.file_missing"), 404, DOWNLOAD_HEADERS)
