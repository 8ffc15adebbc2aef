"""Fixtures of tests on the record writes of requests: a database per module, and its desk as at first."""

from collections.abc import AsyncIterator

import pytest

from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.databases import database_name
from tests.support.request_catalogue import catalogue
from tests.support.request_desk import Desk, request_desk


@pytest.fixture(scope="module")
async def module_desk(request: pytest.FixtureRequest, postgres: EmbeddedPostgres) -> AsyncIterator[Desk]:
    """The whole catalogue of the tests; a module that needs more has one of its own."""
    async with request_desk(postgres, database_name(request), catalogue()) as desk:
        yield desk


@pytest.fixture
async def desk(module_desk: Desk) -> AsyncIterator[Desk]:
    """Whatever a test did, rows, votes and audit must say in the end what the documents say."""
    await module_desk.as_at_first()
    yield module_desk
    assert await module_desk.symptoms() == []
