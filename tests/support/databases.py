"""The session's PostgreSQL, and databases in it: copies of one that is filled once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from steadydesk.configuration.install import install_demo
from steadydesk.records.migration import migrate
from steadydesk.stack.postgres import NOT_DURABLE, SERVICE, EmbeddedPostgres

SESSION = "session"
_MIGRATED, _DEMO = "migrated", "demo"


@asynccontextmanager
async def session_postgres(home: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server whose data may be lost with the machine."""
    async with EmbeddedPostgres(home, extra_settings=NOT_DURABLE) as postgres:
        yield postgres


async def migrated_database(postgres: EmbeddedPostgres, name: str) -> str:
    """The service role's URL of database `name`, which has the newest schema and nothing in it."""
    if await postgres.create_database(_MIGRATED):
        await migrate(postgres.url(_MIGRATED))
    await postgres.create_database(name, _MIGRATED)
    return postgres.url(name, SERVICE)


async def demo_database(postgres: EmbeddedPostgres, name: str) -> str:
    """The service role's URL of database `name`, which has the demo organisation."""
    if await postgres.create_database(_DEMO):
        await migrate(postgres.url(_DEMO))
        await install_demo(postgres.url(_DEMO, SERVICE))
    await postgres.create_database(name, _DEMO)
    return postgres.url(name, SERVICE)


def database_name(request: pytest.FixtureRequest) -> str:
    """What a fixture calls the database of the module that asks for it; no two modules have one name."""
    return request.module.__name__.replace(".", "_")
