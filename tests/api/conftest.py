"""On a database of each module's own: the whole API with the demo organisation and more people, or a small one."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.api import organise
from tests.support.api_desk import ApiDesk, api_desk
from tests.support.databases import database_name
from tests.support.directory import database_of
from tests.support.visibility_subjects import MORE_PEOPLE


@pytest.fixture(scope="module")
async def desk(
    request: pytest.FixtureRequest, postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ApiDesk]:
    folder = tmp_path_factory.mktemp("api")
    async with api_desk(postgres, database_name(request), folder, MORE_PEOPLE) as opened:
        yield opened


@pytest.fixture(scope="module")
async def engine(request: pytest.FixtureRequest, postgres: EmbeddedPostgres) -> AsyncIterator[AsyncEngine]:
    """The small organisation; people and groups alone are asked for."""
    async with database_of(postgres, request.module.__name__) as made:
        await organise(made)
        yield made
