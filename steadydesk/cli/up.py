"""`steadydesk up`, `stop` and `prepare`: start everything here, end it, make existing servers ready."""

import asyncio
import os
import signal
import time
from typing import Annotated

import typer

from steadydesk.cli.refusal import checked_settings, refusals
from steadydesk.settings import misspelt_variables, variables_of_env_file
from steadydesk.stack.addresses import addresses_of
from steadydesk.stack.failure import StackError
from steadydesk.stack.foreground import run_in_foreground
from steadydesk.stack.preparation import prepare_servers, steadydesk_contents
from steadydesk.stack.state_folder import StateFolder

STOP_LIMIT = 90.0


def register(app: typer.Typer) -> None:
    app.command()(up)
    app.command()(stop)
    app.command()(prepare)


def up(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show the log lines of all parts.")
    ] = False,
    end_with_parent: Annotated[
        bool, typer.Option(help="Stop when the process that started this one ends.")
    ] = False,
) -> None:
    """Start databases, Temporal, worker and API in the foreground; Ctrl-C stops them."""
    for sentence in misspelt_variables([*os.environ, *variables_of_env_file()]):
        typer.echo(f"steadydesk: {sentence}", err=True)
    settings = checked_settings()
    with refusals():
        asyncio.run(run_in_foreground(settings, verbose=verbose, end_with_parent=end_with_parent))


def stop() -> None:
    """Stop the stack that runs on this state folder, wherever it was started."""
    folder = StateFolder(checked_settings().state_dir)
    owner = folder.owner()
    if owner is None:
        typer.echo(f"nothing runs on {folder.path}")
        return
    os.kill(owner, signal.SIGTERM)
    end = time.monotonic() + STOP_LIMIT
    with refusals():
        while folder.owner() == owner:
            if time.monotonic() > end:
                raise StackError(f"process {owner} has not ended within {STOP_LIMIT:.0f} s")
            time.sleep(0.05)
    typer.echo(f"stopped process {owner}")


def prepare() -> None:
    """Bring existing servers to this version (schema, roles, namespace, search attributes); start nothing."""
    settings = checked_settings()
    with refusals():
        if settings.embedded_database or settings.embedded_temporal:
            raise StackError(
                "prepare needs STEADYDESK_DATABASE_URL and TEMPORAL_ADDRESS; `up` prepares its own servers"
            )
        asyncio.run(prepare_servers(settings, addresses_of(settings, None), steadydesk_contents()))
    typer.echo("database and Temporal are ready")
