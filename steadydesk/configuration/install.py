"""Fills a new installation with the demo: people and groups, the configuration as version 1, a token and a password
each.
"""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.configuration.apply import apply
from steadydesk.configuration.directory_file import read_directory
from steadydesk.configuration.loader import DIRECTORY_FILE
from steadydesk.contracts.directory_document import DirectoryDocument, PersonEntry
from steadydesk.contracts.identity import EVERY_OWN_SCOPE, DemoUser, Scope
from steadydesk.records.directory_events import Author, installation
from steadydesk.records.directory_import import apply_directory
from steadydesk.records.engine import make_engine
from steadydesk.records.identity import issue
from steadydesk.records.identity_password import set_password
from steadydesk.records.tables.directory import person
from steadydesk.settings import Settings

DEMO = Path(__file__).parent / "demo"
"""The folder of the demo organisation."""
CONNECTORS_FILE = "connectors.yaml"
_HOST = "127.0.0.1"
SYSTEMS = f"{_HOST}:8090"
"""Where the demo's files have its outside systems."""

_LEGIBLE = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without letters and digits that look alike."""

_TOKEN_LABEL = "demo"  # noqa: S105 - the label, not the token


async def install_demo(
    database_url: str, settings: Settings | None = None, folder: Path = DEMO
) -> list[DemoUser]:
    """The demo's people with their tokens, everything stored in one transaction. Its outside systems are at the
    settings' port.

    Safe to repeat: directory and configuration stay as they are, and each person gets a further token and a new
    password. Service accounts get none.
    ValueError when the folder has no readable directory, RefusedError when its configuration has errors.
    """
    document, problems = read_directory(folder / DIRECTORY_FILE)
    if document is None:
        raise ValueError("; ".join(map(str, problems)))
    engine = make_engine(database_url, pool_size=1, command_seconds=30)
    try:
        with _at_port(folder, settings.demo_port if settings else None) as placed:
            async with engine.begin() as connection:
                return await _install(connection, placed, document, installation(datetime.now(UTC)))
    finally:
        await engine.dispose()


@contextmanager
def _at_port(folder: Path, port: int | None) -> Iterator[Path]:
    """The folder, or a copy whose connectors call the demo's systems at another port than the files have."""
    file = folder / CONNECTORS_FILE
    connectors = file.read_text(encoding="utf-8") if file.exists() else ""
    moved = connectors if port is None else connectors.replace(SYSTEMS, f"{_HOST}:{port}")
    if moved == connectors:
        yield folder
        return
    with TemporaryDirectory() as place:
        copy = Path(shutil.copytree(folder, Path(place) / folder.name))
        (copy / CONNECTORS_FILE).write_text(moved, encoding="utf-8")
        yield copy


async def _install(
    connection: AsyncConnection, folder: Path, document: DirectoryDocument, author: Author
) -> list[DemoUser]:
    await apply_directory(connection, document, author.at, author=author)
    await apply(connection, folder, "the demo organisation", author)
    return [await _user(connection, entry, author.at) for entry in document.people]


async def _user(connection: AsyncConnection, entry: PersonEntry, now: datetime) -> DemoUser:
    statement = select(person.c.id).where(person.c.user_name == func.lower(entry.user_name))
    person_id: str = (await connection.execute(statement)).scalar_one()
    scopes = frozenset(Scope) if entry.service_account else EVERY_OWN_SCOPE
    issued = await issue(connection, person_id, _TOKEN_LABEL, scopes, None, now)
    return DemoUser(
        user_name=entry.user_name,
        name=entry.name,
        roles=sorted(map(str, entry.roles or [])),
        groups=sorted(entry.groups or []),
        token=issued.token,
        password=None if entry.service_account else await _password(connection, person_id, now),
    )


async def _password(connection: AsyncConnection, person_id: str, now: datetime) -> str:
    """A new one, easy to read from a terminal: 60 bits in three groups of letters and digits."""
    drawn = "-".join("".join(secrets.choice(_LEGIBLE) for _ in range(4)) for _ in range(3))
    await set_password(connection, person_id, drawn, now)
    return drawn
