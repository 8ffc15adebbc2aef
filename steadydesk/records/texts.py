"""People's words and form values: stored first, referred to by a salted digest, erasable."""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, Text, any_, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.assertion import TextRef
from steadydesk.records.tables.text import text_body

Body = str | Mapping[str, Any]
_UNREFERENCED_FOR = timedelta(days=1)
_BODIES = select(text_body.c.ref, text_body.c.body).where(
    text_body.c.ref == any_(bindparam("refs", type_=ARRAY(Text))), text_body.c.body.is_not(None)
)


@dataclass(frozen=True)
class NewText:
    """Words or form values on their way into the database; ``reference`` is what may travel."""

    reference: TextRef
    salt: str
    body: Body
    author: str


def prepare(body: Body, author: str) -> NewText:
    """Draw salt and reference. The salt never leaves the database, so short words cannot be guessed by digest."""
    salt = secrets.token_hex(16)
    reference = TextRef(ref=f"t_{secrets.token_hex(10)}", digest=digest_of(salt, body))
    return NewText(reference, salt, body, author)


def digest_of(salt: str, body: Body) -> str:
    """SHA-256 over the salt and the canonical JSON of the body; verifies without revealing it."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(f"{salt}\n{text}".encode()).hexdigest()


async def write(
    connection: AsyncConnection, texts: Sequence[NewText], now: datetime, number: str | None = None
) -> None:
    """Store all; ``number`` None leaves them to be swept after a day unless a record refers to them."""
    rows = [row_of_text(text) | {"number": number, "written_at": now} for text in texts]
    if rows:
        await connection.execute(insert(text_body), rows)


def row_of_text(text: NewText) -> dict[str, Any]:
    """The columns that do not depend on where and when it is written."""
    return {
        "ref": text.reference.ref,
        "salt": text.salt,
        "digest": text.reference.digest,
        "body": text.body,
        "author": text.author,
    }


async def refer(connection: AsyncConnection, refs: Iterable[str], number: str) -> None:
    """Tie texts to the record that refers to them, so that the sweep leaves them alone."""
    wanted = list(refs)
    if wanted:
        await connection.execute(update(text_body).where(text_body.c.ref.in_(wanted)).values(number=number))


async def read(connection: AsyncConnection, refs: Iterable[str]) -> dict[str, Any]:
    """Bodies by reference; an erased one is missing."""
    wanted = list(refs)
    if not wanted:
        return {}
    found = await connection.execute(_BODIES, {"refs": wanted})
    return {row.ref: row.body for row in found}


async def forget(connection: AsyncConnection, ref: str) -> None:
    """Delete a text to which nothing refers any more."""
    await connection.execute(delete(text_body).where(text_body.c.ref == ref))


async def sweep(connection: AsyncConnection, now: datetime) -> int:
    """Delete what nothing refers to after a day; how many went."""
    gone = await connection.execute(
        delete(text_body).where(
            text_body.c.number.is_(None), text_body.c.written_at < now - _UNREFERENCED_FOR
        )
    )
    return gone.rowcount
