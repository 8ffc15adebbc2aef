"""Files on a request: stored with it, given back as downloads only."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Response, UploadFile

from api.file_type import ACCEPTED, media_type_of
from api.requests_read import RequestNumber, require
from api.security import Orderer, Reader
from api.state import ServicesOf
from steadydesk.contracts.base import Contract
from steadydesk.contracts.page import Page
from steadydesk.errors import AttachmentRefused, RecordClosed, TooLarge, UnknownRecord
from steadydesk.policies.rights import Verb
from steadydesk.records import attachments
from steadydesk.records.attachments import AttachmentView, FileContent, NewFile
from steadydesk.records.processes import is_open

router = APIRouter(prefix="/requests", tags=["attachments"])

DOWNLOAD_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
"""What keeps a browser from doing anything with the answer but storing it where its person says."""

EMPTY = "the file is empty"
_LONGEST_NAME = 200
_UNKNOWN_TYPE = "application/octet-stream"


class Attached(Contract):
    id: str
    media_type: str


@router.get("/{number}/attachments")
async def list_attachments(
    number: RequestNumber, caller: Reader, services: ServicesOf
) -> Page[AttachmentView]:
    """The files of a request, without their content."""
    async with services.engine.connect() as connection:
        await require(connection, caller, number, Verb.SEE)
        found = await attachments.list_of(connection, number)
    return Page(items=list(found))


@router.post("/{number}/attachments", status_code=201)
async def attach(number: RequestNumber, file: UploadFile, caller: Orderer, services: ServicesOf) -> Attached:
    """Add a file; its type is found in its content, and what browsers would run is refused."""
    limit = services.settings.attachment_limit_bytes
    content = await file.read(limit + 1)
    if len(content) > limit:
        raise TooLarge(f"a file may have {limit} bytes", details={"limit": limit})
    if not content:
        raise AttachmentRefused(EMPTY, pointer="/file")
    name = file_name(file)
    found = media_type_of(content, name)
    if found is None:
        raise AttachmentRefused("files of this type are not accepted", pointer="/file")
    async with services.engine.begin() as connection:
        await require(connection, caller, number, Verb.ATTACH)
        if not await is_open(connection, number):
            raise RecordClosed(
                f"{number} is closed; order again or refer to it", details={"follow_up": number}
            )
        identity = await attachments.add(
            connection, number, NewFile(name, found, content, caller.id), caller.now
        )
    return Attached(id=identity, media_type=found)


def file_name(file: UploadFile) -> str:
    """The name without its folders; one that is too long keeps its extension, which says what the file is."""
    name = (file.filename or "file").rsplit("/", 1)[-1].rsplit("\\", 1)[-1]
    if len(name) <= _LONGEST_NAME:
        return name
    stem, dot, extension = name.rpartition(".")
    return f"{stem[: _LONGEST_NAME - len(extension) - 1]}{dot}{extension}"[:_LONGEST_NAME]


@router.get("/{number}/attachments/{identity}")
async def download(
    number: RequestNumber, identity: Annotated[str, "att_..."], caller: Reader, services: ServicesOf
) -> Response:
    """The file as a download; never shown by the browser itself."""
    async with services.engine.connect() as connection:
        await require(connection, caller, number, Verb.SEE)
        found = await attachments.content_of(connection, number, identity)
    if found is None:
        raise UnknownRecord("there is no such file")
    return as_download(found)


def as_download(file: FileContent) -> Response:
    """For storing, never for showing; of a type that browsers do not run, whatever the row says."""
    media_type = file.media_type if file.media_type in ACCEPTED else _UNKNOWN_TYPE
    disposition = f"attachment; filename*=UTF-8''{quote(file.file_name, safe='')}"
    headers = {"Content-Disposition": disposition, **DOWNLOAD_HEADERS}
    return Response(file.content, media_type=media_type, headers=headers)
