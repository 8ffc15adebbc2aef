"""Files on a request: stored with it, given back as downloads only."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Response, UploadFile

from api.file_type import media_type_of
from api.requests_read import RecordNumber, require
from api.security import Reader
from api.state import ServicesOf
from steadydesk.contracts.base import Contract
from steadydesk.contracts.page import Page
from steadydesk.errors import AttachmentRefused, TooLarge, UnknownRecord
from steadydesk.policies.rights import Verb
from steadydesk.records import attachments
from steadydesk.records.attachments import AttachmentView, NewFile

router = APIRouter(prefix="/requests", tags=["attachments"])

_LONGEST_NAME = 200


class Attached(Contract):
    id: str
    media_type: str


@router.get("/{number}/attachments")
async def list_attachments(
    number: RecordNumber, caller: Reader, services: ServicesOf
) -> Page[AttachmentView]:
    """The files of a request, without their content."""
    async with services.engine.connect() as connection:
        await require(connection, caller, number, Verb.SEE)
        found = await attachments.list_of(connection, number)
    return Page(items=list(found))


@router.post("/{number}/attachments", status_code=201)
async def attach(number: RecordNumber, file: UploadFile, caller: Reader, services: ServicesOf) -> Attached:
    """Add a file; its type is found in its content, and what browsers would run is refused."""
    limit = services.settings.attachment_limit_bytes
    content = await file.read(limit + 1)
    if len(content) > limit:
        raise TooLarge(f"a file may have {limit} bytes", details={"limit": limit})
    name = (file.filename or "file").rsplit("/", 1)[-1].rsplit("\\", 1)[-1][:_LONGEST_NAME]
    found = media_type_of(content, name)
    if found is None:
        raise AttachmentRefused("files of this type are not accepted", pointer="/file")
    async with services.engine.begin() as connection:
        await require(connection, caller, number, Verb.ATTACH)
        identity = await attachments.add(
            connection, number, NewFile(name, found, content, caller.id), caller.now
        )
    return Attached(id=identity, media_type=found)


@router.get("/{number}/attachments/{identity}")
async def download(
    number: RecordNumber, identity: Annotated[str, "att_..."], caller: Reader, services: ServicesOf
) -> Response:
    """The file as a download; never shown by the browser itself."""
    async with services.engine.connect() as connection:
        await require(connection, caller, number, Verb.SEE)
        found = await attachments.content_of(connection, number, identity)
    if found is None:
        raise UnknownRecord("there is no such file")
    name, media_type, content = found
    return Response(
        content,
        media_type=media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "private, no-store",
        },
    )
