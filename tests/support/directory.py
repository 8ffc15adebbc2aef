"""A small organisation in a database, and a transaction of it that leaves nothing behind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from steadydesk.contracts.directory import Standing
from steadydesk.contracts.directory_document import DirectoryDocument
from steadydesk.records.directory_import import apply_directory
from steadydesk.records.directory_standing import standing_by_name
from steadydesk.records.engine import make_engine
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.databases import migrated_database

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

PEOPLE = DirectoryDocument.model_validate(
    {
        "groups": [
            {"key": "it-desk", "label": "Service desk", "function": "it", "manager": "mia"},
            {"key": "hr-team", "label": "HR", "function": "hr"},
            {"key": "choir", "label": "Choir"},
        ],
        "people": [
            {"user_name": "root", "name": "Root", "roles": ["administrator"]},
            {"user_name": "mia", "name": "Mia", "manager": "root"},
            {
                "user_name": "ada",
                "name": "Ada",
                "manager": "mia",
                "groups": ["it-desk"],
                "email": "ada@example.org",
            },
            {"user_name": "bob", "name": "Bob", "manager": "mia", "groups": ["it-desk", "choir"]},
            {"user_name": "cleo", "name": "Cleo", "manager": "root", "roles": ["process_owner@hr"]},
            {"user_name": "dan", "name": "Dan", "manager": "ada"},
            {"user_name": "dan-admin", "name": "Dan", "same_person_as": "dan"},
            {"user_name": "robot", "name": "Robot", "service_account": True, "groups": ["it-desk"]},
        ],
    }
)


@asynccontextmanager
async def database_of(postgres: EmbeddedPostgres, module: str) -> AsyncIterator[AsyncEngine]:
    """A database for the tests of one module, where nobody else adds people; as the service role."""
    engine = make_engine(await migrated_database(postgres, module.rpartition(".")[2]))
    yield engine
    await engine.dispose()


@asynccontextmanager
async def rolled_back(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction with the organisation in it that ends without a trace."""
    async with engine.connect() as connection:
        await apply_directory(connection, PEOPLE, NOW)
        yield connection
        await connection.rollback()


async def standing_of(connection: AsyncConnection, user_name: str, now: datetime = NOW) -> Standing:
    found = await standing_by_name(connection, user_name, now)
    assert found is not None
    return found
