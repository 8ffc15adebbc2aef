"""The API's directory routes over a test database, called in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2
from fastapi import APIRouter, FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from api.body_limit import BodyLimit
from api.problems import install_problems
from api.routes import delegations, groups, people, problems, session, tokens
from api.security import check_routes
from api.services import Services
from steadydesk.contracts.identity import EVERY_OWN_SCOPE, Scope
from steadydesk.orchestration.deliveries import Waker
from steadydesk.policies.assertion import Keyring
from steadydesk.records.bell import Bell
from steadydesk.records.directory_import import apply_directory
from steadydesk.records.directory_standing import standing_by_name
from steadydesk.records.identity import issue
from steadydesk.settings import Settings
from tests.support.directory import PEOPLE
from tests.support.quiet import Quiet

KEYRING = Keyring("k1", {"k1": b"k" * 32})
LIMIT = 10_000


@dataclass(frozen=True)
class DirectoryServices:
    """The part of the API's services that people and their proofs need."""

    engine: AsyncEngine
    settings: Settings
    keyring: Keyring = KEYRING
    waker: Waker = field(default_factory=Quiet)

    posting = Services.posting

    def clock(self) -> datetime:
        return datetime.now(UTC)

    @cached_property
    def bell(self) -> Bell:
        return Bell(self.engine)


def directory_app(
    engine: AsyncEngine, state_dir: Path, *extra: APIRouter, limit: int = LIMIT, **settings: Any
) -> FastAPI:
    """People, groups, delegations, tokens and sign-in; nothing of it needs Temporal."""
    app = FastAPI(openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None)
    install_problems(app)
    app.add_middleware(BodyLimit, limit_of=lambda _: limit)
    for router in (people.router, groups.router, delegations.router, tokens.router, session.router, *extra):
        app.include_router(router, prefix="/api/v1")
    app.include_router(problems.router)
    check_routes(app)
    app.state.services = DirectoryServices(
        engine, Settings.model_validate({"state_dir": state_dir, **settings})
    )
    return app


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app, client=("192.0.2.1", 1234))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    services = app.state.services
    if isinstance(services, DirectoryServices):
        await services.bell.close()


async def organise(engine: AsyncEngine) -> None:
    """Put the small organisation into the database."""
    async with engine.begin() as connection:
        await apply_directory(connection, PEOPLE, datetime.now(UTC))


async def token_of(engine: AsyncEngine, user_name: str, scopes: frozenset[Scope] = EVERY_OWN_SCOPE) -> str:
    now = datetime.now(UTC)
    async with engine.begin() as connection:
        found = await standing_by_name(connection, user_name, now)
        assert found is not None
        return (await issue(connection, found.person.id, "test", scopes, None, now)).token


async def as_person(engine: AsyncEngine, user_name: str) -> dict[str, str]:
    """The header that signs ``user_name`` in."""
    return {"Authorization": f"Bearer {await token_of(engine, user_name)}"}


async def id_of(engine: AsyncEngine, user_name: str) -> str:
    async with engine.connect() as connection:
        found = await standing_by_name(connection, user_name, datetime.now(UTC))
    assert found is not None
    return found.person.id
