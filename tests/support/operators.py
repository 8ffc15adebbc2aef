"""An operator at the command line of a whole running stack, and what somebody with too many rights does to it."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from typer.testing import CliRunner, Result

from steadydesk.cli import app
from steadydesk.records.engine import asyncpg_url
from steadydesk.settings import Settings, settings
from steadydesk.stack.supervisor import Stack


@contextmanager
def environment_of(chosen: Settings) -> Iterator[None]:
    """Commands find the stack by the same variables as its parts."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in chosen.environment().items():
            patch.setenv(name, value)
        settings.cache_clear()
        yield
    settings.cache_clear()


class Operator:
    """`steadydesk` in another thread, since every command has an event loop of its own."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    async def run(self, *words: str) -> Result:
        result = await asyncio.to_thread(CliRunner().invoke, app, list(words))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    async def says(self, *words: str) -> Any:
        """The JSON answer of a command that must succeed."""
        result = await self.run(*words, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    async def symptoms(self, *words: str) -> list[tuple[str, str]]:
        """Check and number of everything serious that the doctor finds."""
        found = json.loads((await self.run("doctor", "--json", *words)).stdout)["symptoms"]
        return sorted((one["check"], one["number"]) for one in found if one["serious"])

    async def as_owner(self, statement: str, **values: Any) -> None:
        """SQL with all rights."""
        engine = create_async_engine(asyncpg_url(self.stack.addresses.database_owner_url))
        try:
            async with engine.begin() as connection:
                await connection.execute(text(statement), values)
        finally:
            await engine.dispose()

    async def let_settle(self) -> None:
        """The doctor leaves alone what was written within ten seconds; make all of it older."""
        await self.as_owner(
            "UPDATE process SET document ="
            " jsonb_set(document, '{updated_at}', to_jsonb(to_char(now() - interval '1 hour',"
            ' \'YYYY-MM-DD"T"HH24:MI:SS"Z"\')))'
        )
