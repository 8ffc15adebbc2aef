"""The files of an order: looked at before anything is ordered, attached once the request is there."""

from fastapi import UploadFile

from api.file_type import media_type_of
from api.portal.forms import Posted
from api.portal.page import Page
from api.routes import attachments
from steadydesk.errors import InvalidInput, Problem, Refusal
from steadydesk.records.attachments import list_of
from steadydesk.records.engine import autocommit

FIELDS = ("file-0", "file-1", "file-2")


async def checked_files(page: Page, posted: Posted) -> None:
    """InvalidInput, with the field, for a file that would be refused later."""
    problems: list[Problem] = []
    for name, file in _files(posted):
        limit = page.services.settings.attachment_limit_bytes
        content = await file.read(limit + 1)
        await file.seek(0)
        if len(content) > limit:
            problems.append(Problem(f"/{name}", f"a file may have {limit} bytes"))
        elif media_type_of(content, file.filename or "") is None:
            problems.append(Problem(f"/{name}", "files of this type are not accepted"))
    if problems:
        raise InvalidInput("A file is not accepted.", problems=problems)


async def attach_files(page: Page, number: str, posted: Posted) -> bool:
    """Whether all of them are with the request now; what is there under the same name stays as it is."""
    files = _files(posted)
    if not files:
        return True
    async with autocommit(page.services.engine).connect() as connection:
        present = {one.file_name for one in await list_of(connection, number)}
    attached = True
    for _, file in files:
        if (file.filename or "") in present:
            continue
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
