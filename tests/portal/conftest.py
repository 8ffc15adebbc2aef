"""One portal over the demo organisation for the tests of its pages, and one whole stack for those in a browser."""

from collections.abc import AsyncIterator

import pytest

from steadydesk.stack.postgres import EmbeddedPostgres
from tests.portal.browsers import NAMES, People, chromium, people_on
from tests.support.api_desk import ApiDesk, api_desk
from tests.support.stacks import stack_settings


@pytest.fixture(scope="session")
async def portal(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ApiDesk]:
    async with api_desk(postgres, "portal", tmp_path_factory.mktemp("portal")) as opened:
        yield opened


@pytest.fixture(scope="session")
def browser_program() -> str:
    program = chromium()
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    return program


@pytest.fixture(scope="session")
async def running_portal(
    tmp_path_factory: pytest.TempPathFactory, browser_program: str
) -> AsyncIterator[People]:
    settings = stack_settings(tmp_path_factory.mktemp("browser") / "state")
    async with people_on(settings, browser_program) as people:
        yield people


@pytest.fixture
async def people(running_portal: People) -> AsyncIterator[People]:
    """Windows of their own for each test; afterwards no page has alarmed."""
    yield running_portal
    await running_portal.leave()
    alarms = running_portal.alarms.copy()
    running_portal.alarms.clear()
    assert alarms == []
