"""Fixtures of tests on deliveries: a database per module, emptied for each test, a mail server, and a remote."""

from collections.abc import AsyncIterator

import pytest

from steadydesk.stack.postgres import EmbeddedPostgres
from tests.connectors.mail_post import Post, mail_server
from tests.connectors.remote import Remote, served
from tests.support.databases import database_name
from tests.support.delivery_scene import Scene, delivery_scene


@pytest.fixture(scope="module")
async def module_scene(request: pytest.FixtureRequest, postgres: EmbeddedPostgres) -> AsyncIterator[Scene]:
    async with delivery_scene(postgres, database_name(request)) as scene:
        yield scene


@pytest.fixture
async def scene(module_scene: Scene) -> Scene:
    await module_scene.clear()
    return module_scene


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with mail_server(Post()) as running:
        yield running


@pytest.fixture
async def remote() -> AsyncIterator[Remote]:
    async with served() as running:
        yield running
