"""Files on records: type by content, size and number capped, never served inline."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.base import Contract
from steadydesk.contracts.views import PersonRef
from steadydesk.errors import AttachmentRefused
from steadydesk.records.identifiers import new_id
from steadydesk.records.tables.text import attachment
from steadydesk.records.views.people import names_of

MOST_FILES = 20
_UNREFERENCED_FOR = timedelta(days=1)


class AttachmentView(Contract):
    id: str
    number: str
    file_name: str
    media_type: str
    size: int
    digest: str
    author: PersonRef
    written_at: datetime


@dataclass(frozen=True)
class FileContent:
    file_name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class NewFile:
    file_name: str
    media_type: str
    content: bytes
    author: str


async def add(connection: AsyncConnection, number: str, file: NewFile, now: datetime) -> str:
    """Store a file with its record; AttachmentRefused when the record has as many as it may."""
    count = await connection.scalar(
        select(func.count()).select_from(attachment).where(attachment.c.number == number)
    )
    if (count or 0) >= MOST_FILES:
        raise AttachmentRefused(f"{number} has {MOST_FILES} files already")
    identity = new_id("att")
    await connection.execute(
        insert(attachment).values(
            id=identity,
            number=number,
            file_name=file.file_name,
            media_type=file.media_type,
            size=len(file.content),
            digest=hashlib.sha256(file.content).hexdigest(),
            content=file.content,
            author=file.author,
            written_at=now,
        )
    )
    return identity


async def list_of(connection: AsyncConnection, number: str) -> Sequence[AttachmentView]:
    """The record's files without their content; the caller has checked visibility."""
    columns = [column for column in attachment.c if column.name != "content"]
    rows = (
        await connection.execute(
            select(*columns).where(attachment.c.number == number).order_by(attachment.c.written_at)
        )
    ).all()
    names = await names_of(connection, [row.author for row in rows])
    return [AttachmentView(**{**row._asdict(), "author": names.of(row.author)}) for row in rows]


async def record_of(connection: AsyncConnection, identity: str) -> str | None:
    """The number of the record that the file is with; None for no such file."""
    return await connection.scalar(select(attachment.c.number).where(attachment.c.id == identity))


async def content_of(connection: AsyncConnection, number: str, identity: str) -> FileContent | None:
    """The file, when it is of this record and was not erased."""
    row = (
        await connection.execute(
            select(attachment.c.file_name, attachment.c.media_type, attachment.c.content).where(
                attachment.c.number == number, attachment.c.id == identity
            )
        )
    ).one_or_none()
    return None if row is None or row.content is None else FileContent(**row._asdict())


async def sweep(connection: AsyncConnection, now: datetime) -> int:
    """Delete files that no record refers to after a day; how many went."""
    gone = await connection.execute(
        delete(attachment).where(
            attachment.c.number.is_(None), attachment.c.written_at < now - _UNREFERENCED_FOR
        )
    )
    return gone.rowcount
