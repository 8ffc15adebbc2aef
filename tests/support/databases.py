"""The session's PostgreSQL, and databases in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from steadydesk.records.migration import migrate
from steadydesk.stack.postgres import DATABASE, NOT_DURABLE, SERVICE, EmbeddedPostgres


@asynccontextmanager
async def session_postgres(home: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server whose data may be lost with the machine."""
    async with EmbeddedPostgres(home, extra_settings=NOT_DURABLE) as postgres:
        yield postgres


async def migrated_database(postgres: EmbeddedPostgres, name: str = DATABASE) -> str:
    """The service role's URL of database `name`, made and brought to the newest schema."""
    await postgres.create_database(name)
    await migrate(postgres.url(name), None)
    return postgres.url(name, SERVICE)


def database_name(request: pytest.FixtureRequest) -> str:
    """What a fixture calls the database of the module that asks for it; no two modules have one name."""
    return request.module.__name__.replace(".", "_")
