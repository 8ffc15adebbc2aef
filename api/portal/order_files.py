"""The files of an order: looked at before anything is ordered, attached once the request is there."""

from fastapi import UploadFile

from api.file_type import media_type_of
from api.portal.forms import Posted
from api.portal.page import Page
from api.routes import attachments
from api.routes.attachments import EMPTY
from steadydesk.errors import Problem, Refusal
from steadydesk.records.attachments import list_of
from steadydesk.records.engine import autocommit

FIELDS = ("file-0", "file-1", "file-2")


async def file_problems(page: Page, posted: Posted) -> list[Problem]:
    """Each file that would be refused later, at its field."""
    faults = [(name, await fault_of(page, file)) for name, file in _files(posted)]
    return [Problem(f"/{name}", fault) for name, fault in faults if fault is not None]


async def fault_of(page: Page, file: UploadFile) -> str | None:
    """Why the file would be refused; it can be read from its beginning afterwards."""
    limit = page.services.settings.attachment_limit_bytes
    content = await file.read(limit + 1)
    await file.seek(0)
    if not content:
        return EMPTY
    if len(content) > limit:
        return f"the file is too large; it may have {page.formats.size(limit)}"
    return None if media_type_of(content, file.filename or "") else "files of this type are not accepted"


async def attach_files(page: Page, number: str, posted: Posted) -> bool:
    """Whether all of them are with the request now; what is there under the same name stays as it is."""
    files = _files(posted)
    if not files:
        return True
    async with autocommit(page.services.engine).connect() as connection:
        present = {one.file_name for one in await list_of(connection, number)}
    attached = True
    for _, file in files:
        if attachments.file_name(file) in present:
            continue
        await file.seek(0)
        try:
            await attachments.attach(number, file, page.caller, page.services)
        except Refusal:
            attached = False
    return attached


def _files(posted: Posted) -> list[tuple[str, UploadFile]]:
    return [
        (name, UploadFile(file.file, size=file.size, filename=file.filename, headers=file.headers))
        for name in FIELDS
        if (file := posted.files.get(name)) is not None
    ]
