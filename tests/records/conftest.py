"""Fixtures of tests on the directory: a database per module, and a transaction that leaves nothing behind."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.directory import database_of, rolled_back


@pytest.fixture(scope="module")
async def engine(request: pytest.FixtureRequest, postgres: EmbeddedPostgres) -> AsyncIterator[AsyncEngine]:
    async with database_of(postgres, request.module.__name__) as made:
        yield made


@pytest.fixture
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with rolled_back(engine) as open_connection:
        yield open_connection
