"""How commands reach the records without the API: as the service role, on this machine or by
STEADYDESK_DATABASE_URL.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.cli.client import REFUSED, UNREACHABLE, fail
from steadydesk.cli.refusal import checked_settings, refusals
from steadydesk.errors import Refusal
from steadydesk.records.engine import make_engine
from steadydesk.settings import Settings
from steadydesk.stack.addresses import running_stack_of

T = TypeVar("T")
_COMMAND_SECONDS = 60.0


def in_one_transaction(work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Run ``work`` and commit; a refusal rolls back, is told on stderr, and ends the command with 1.
    Where nothing runs the command ends with 3, as `steadydesk status` does.
    """
    settings = checked_settings()
    with refusals():
        url = _database_url(settings)
    try:
        return asyncio.run(_run(url, work))
    except Refusal as refusal:
        tell(refusal)
        raise typer.Exit(1) from None
    except (OSError, DBAPIError) as error:
        fail(REFUSED, f"the database does not answer: {_reason(error)}")


def tell(refusal: Refusal) -> None:
    """The refusal on stderr, a line for each problem."""
    typer.echo(f"steadydesk: {refusal.message}", err=True)
    for problem in refusal.problems:
        # Problems of a file begin with their place; those of a command line have a pointer.
        place = "" if ":" in problem.message.split(" ")[0] else f"{problem.pointer}: "
        typer.echo(f"  {place}{problem.message}", err=True)


async def _run(url: str, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    engine = make_engine(url, pool_size=1, command_seconds=_COMMAND_SECONDS, name="steadydesk-cli")
    async with contextlib.AsyncExitStack() as closing:
        closing.push_async_callback(engine.dispose)
        async with engine.begin() as connection:
            return await work(connection)


def _reason(error: Exception) -> str:
    """A time-out has no words of its own."""
    return str(error) or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__)


def _database_url(settings: Settings) -> str:
    if settings.database_url is not None:
        return settings.database_url
    running = running_stack_of(settings)
    if running is None:
        fail(UNREACHABLE, f"nothing runs on {settings.state_dir}; start it with `steadydesk up`")
    return running.addresses.database_url
