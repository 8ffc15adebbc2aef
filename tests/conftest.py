"""What tests of several layers share: one PostgreSQL and one time-skipping Temporal server per session."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, settings
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.databases import SESSION, migrated_database, session_postgres
from tests.support.time_skipping import time_skipping_environment

pytest_plugins = ("tests.support.delivery_fixtures", "tests.support.request_fixtures")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run proofs with their full numbers")


def pytest_configure(config: pytest.Config) -> None:
    """A slice draws the same cases each time, however slow the machine is; the full proofs draw new ones."""
    settings.register_profile("slice", derandomize=True, suppress_health_check=[HealthCheck.too_slow])
    if not config.getoption("--full"):
        settings.load_profile("slice")


@pytest.fixture(scope="session")
def full(pytestconfig: pytest.Config) -> bool:
    """Whether a proof runs with its full numbers instead of its short slice."""
    return bool(pytestconfig.getoption("--full"))


@pytest.fixture(scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedPostgres]:
    async with session_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
async def database_url(postgres: EmbeddedPostgres) -> str:
    """The migrated database of the session, as the service role."""
    return await migrated_database(postgres, SESSION)


@pytest.fixture(scope="session")
async def temporal_env() -> AsyncIterator[WorkflowEnvironment]:
    """Workflows skip their waits, except those started `with temporal_env.with_time_skipping_disabled()`."""
    async with time_skipping_environment() as environment:
        yield environment


@pytest.fixture(scope="session")
async def temporal_client(temporal_env: WorkflowEnvironment) -> Client:
    return temporal_env.client
