"""A stack of its own for a measurement: the demo organisation, the bench's item, and a bare worker beside it."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
from pydantic import BaseModel
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from temporalio.client import Client

from bench.bare_table import create_bare_table
from bench.wire import Wire
from steadydesk.configuration.install import DEMO, install_demo
from steadydesk.contracts.directory import Standing
from steadydesk.orchestration.client import connect
from steadydesk.orchestration.requests import Sender
from steadydesk.records import configuration
from steadydesk.records.directory_standing import standing
from steadydesk.records.engine import make_engine
from steadydesk.records.keys import load_keyring
from steadydesk.records.tables.directory import person
from steadydesk.settings import Settings
from steadydesk.stack.parts import PROGRAMS
from steadydesk.stack.ports import free_ports
from steadydesk.stack.preparation import steadydesk_contents
from steadydesk.stack.supervisor import Stack, Variation, running_stack

REQUESTER = "rita.requester"
APPROVER = "mona.manager"
PROCESS_OWNER = "ines.itlead"
OPERATOR = "olga.operator"
ITEM = "bench-item"
_NO_QUOTA = 10_000_000
_ADDITION = Path(__file__).with_name("organisation.yaml")
_QUIET = text("SELECT NOT EXISTS (SELECT FROM outbox WHERE fanned_out_at IS NULL)")


@dataclass(frozen=True)
class Scene:
    """A running stack with what the measurements call it by."""

    stack: Stack
    client: Client
    sender: Sender
    engine: AsyncEngine
    owner: AsyncEngine
    http: httpx2.AsyncClient
    wire: Wire
    digest: str
    people: Mapping[str, str]
    tokens: Mapping[str, str]

    async def standing(self, connection: AsyncConnection, user_name: str, now: datetime) -> Standing:
        found = await standing(connection, self.people[user_name], now)
        assert found is not None
        return found

    def bearer(self, user_name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[user_name]}"}

    async def settle(self, seconds: float = 60) -> None:
        """Wait until no message of the orders before is still to be fanned out, then a moment more."""
        async with asyncio.timeout(seconds):
            while not await self._is_quiet():  # noqa: ASYNC110 - a row in a database rings no bell
                await asyncio.sleep(0.1)
        await asyncio.sleep(0.3)

    async def _is_quiet(self) -> bool:
        async with self.engine.connect() as connection:
            return bool(await connection.scalar(_QUIET))


@asynccontextmanager
async def scene(
    *, worker: Sequence[str | Path] | None = None, quota: int = _NO_QUOTA
) -> AsyncIterator[Scene]:
    """A fresh stack in a folder that goes away with it. ``worker``: another command line for the worker; ``quota``:
    requests per minute of a token and of a person.
    """
    async with AsyncExitStack() as opened:
        folder = Path(opened.enter_context(TemporaryDirectory(prefix="sd-bench-")))
        stack = await opened.enter_async_context(
            running_stack(_settings(folder / "state", quota), variation=_variation(folder, worker))
        )
        addresses = stack.addresses
        engine = make_engine(addresses.database_url, command_seconds=30, name="bench")
        opened.push_async_callback(engine.dispose)
        owner = create_async_engine(addresses.database_owner_url, isolation_level="AUTOCOMMIT")
        opened.push_async_callback(owner.dispose)
        http = await opened.enter_async_context(httpx2.AsyncClient(base_url=addresses.api, timeout=30))
        wire = Wire(addresses.api)
        opened.callback(wire.close)
        client = await connect(addresses.temporal_address, addresses.namespace)
        digest, people = await _organisation(engine)
        assert stack.credentials is not None
        yield Scene(
            stack=stack,
            client=client,
            sender=Sender(client, load_keyring(stack.settings.keys_file)),
            engine=engine,
            owner=owner,
            http=http,
            wire=wire,
            digest=digest,
            people=people,
            tokens={user.user_name: user.token for user in stack.credentials.users},
        )


async def _organisation(engine: AsyncEngine) -> tuple[str, dict[str, str]]:
    """The digest of the configuration in force, and ids by user name."""
    async with engine.connect() as connection:
        rows = await connection.execute(select(person.c.user_name, person.c.id))
        present = await configuration.current(connection)
        assert present is not None
        return present.digest, {row.user_name: row.id for row in rows}


def _settings(state_dir: Path, quota: int) -> Settings:
    api_port, temporal_port, ui_port, demo_port = free_ports(4)
    values: dict[str, Any] = {
        "_env_file": None,
        "state_dir": state_dir,
        "api_port": api_port,
        "temporal_port": temporal_port,
        "temporal_ui_port": ui_port,
        "demo_port": demo_port,
        "quota_per_minute": quota,
    }
    return Settings(**values)


def _variation(folder: Path, worker: Sequence[str | Path] | None) -> Variation:
    organisation = folder / "organisation"
    shutil.copytree(DEMO, organisation)
    shutil.copy(_ADDITION, organisation / "catalog" / "bench.yaml")

    async def install(database_url: str, settings: Settings) -> Sequence[BaseModel]:
        return await install_demo(database_url, settings, organisation)

    contents = steadydesk_contents()

    async def migrate(owner_url: str, password: str | None) -> None:
        await contents.migrate(owner_url, password)
        await create_bare_table(owner_url)

    programs = {**PROGRAMS, "bare": (sys.executable, "-m", "bench.bare_worker")}
    if worker is not None:
        programs["worker"] = tuple(worker)
    return Variation(programs=programs, contents=replace(contents, migrate=migrate, install_demo=install))
