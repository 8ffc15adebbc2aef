"""`steadydesk status`: whether a stack runs on the state folder, its parts and addresses."""

import json
from typing import Annotated

import typer

from steadydesk.cli.refusal import checked_settings, refusals
from steadydesk.stack.addresses import Running, running_stack_of
from steadydesk.stack.leftovers import is_running


def register(app: typer.Typer) -> None:
    app.command()(status)


def status(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Show what runs on this state folder; exit code 3 when nothing does."""
    settings = checked_settings()
    with refusals():
        running = running_stack_of(settings)
    typer.echo(_as_json(running) if as_json else _as_text(running, str(settings.state_dir)))
    if running is None:
        raise typer.Exit(3)


def _as_json(running: Running | None) -> str:
    if running is None:
        return json.dumps({"running": False})
    shown = running.model_dump(exclude={"addresses": {"database_url", "database_owner_url"}})
    return json.dumps({"running": True, **shown}, indent=2)


def _as_text(running: Running | None, state_dir: str) -> str:
    if running is None:
        return f"nothing runs on {state_dir}"
    parts = [f"{name:<13}{_state(pid)}" for name, pid in running.parts.items()]
    urls = running.addresses.model_dump(exclude={"database_url", "database_owner_url"}, exclude_none=True)
    return "\n".join(
        [f"supervisor   process {running.pid}", *parts, *(f"{k:<18}{v}" for k, v in urls.items())]
    )


def _state(pid: int | None) -> str:
    return f"process {pid}" if pid and is_running(pid) else "restarting"
