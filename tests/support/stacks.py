"""Whole stacks for tests: free ports, a folder of their own, trivial programs instead of worker and API."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

from steadydesk.contracts.identity import DemoUser
from steadydesk.settings import Settings
from steadydesk.stack.parts import DEMO_SYSTEMS, PROGRAMS
from steadydesk.stack.ports import free_ports
from steadydesk.stack.postgres import NOT_DURABLE
from steadydesk.stack.preparation import Contents
from steadydesk.stack.supervisor import Variation

TRIVIAL = Path(__file__).with_name("trivial_program.py")
REPOSITORY = Path(__file__).parents[2]


def isolated_settings(**values: Any) -> Settings:
    """Settings that no `.env` changes."""
    arguments: dict[str, Any] = {"_env_file": None} | values
    return Settings(**arguments)


def stack_settings(state_dir: Path, **changes: Any) -> Settings:
    """Settings of a stack on free ports."""
    names = ("api_port", "temporal_port", "temporal_ui_port", "demo_port")
    values = dict(zip(names, free_ports(len(names)), strict=True)) | changes
    return isolated_settings(state_dir=state_dir, **values)


def trivial_variation(settings: Settings, **changes: Any) -> Variation:
    """Real servers with the smallest contents, and trivial programs."""
    programs = {
        "worker": (sys.executable, str(TRIVIAL)),
        "api": (sys.executable, str(TRIVIAL), "serve", str(settings.api_port)),
        DEMO_SYSTEMS: PROGRAMS[DEMO_SYSTEMS],
    }
    return Variation(
        **{"programs": programs, "contents": SMALL_CONTENTS, "postgres_settings": NOT_DURABLE} | changes
    )


async def _create_service_role(owner_url: str, _password: str | None) -> None:
    engine = create_async_engine(owner_url)
    async with engine.begin() as connection:
        present = await connection.scalar(
            sqlalchemy.text("SELECT 1 FROM pg_roles WHERE rolname = 'steadydesk_service'")
        )
        if not present:
            await connection.execute(sqlalchemy.text("CREATE ROLE steadydesk_service LOGIN"))
    await engine.dispose()


async def one_person(_database_url: str, _settings: Settings) -> Sequence[DemoUser]:
    """A demo organisation of one."""
    return [DemoUser(user_name="ana", name="Ana Rey", roles=["requester"], groups=["it"], token="sd_ana")]


SMALL_CONTENTS = Contents(_create_service_role, {"SmallState": "Keyword", "SmallDue": "Datetime"}, one_person)
