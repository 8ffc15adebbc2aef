"""The `steadydesk` command. A group of commands is one file with `register(app)`, listed in `GROUPS`."""

import typer

from steadydesk.cli import (
    approvals,
    audit,
    catalog,
    config,
    directory,
    doctor,
    feedback,
    request,
    settings,
    status,
    task,
    token,
    up,
    why,
)
from steadydesk.program import end_program

GROUPS = (
    up,
    status,
    doctor,
    catalog,
    request,
    approvals,
    task,
    why,
    feedback,
    audit,
    config,
    directory,
    token,
    settings,
)

app = typer.Typer(
    name="steadydesk",
    help="Open IT service management on durable workflows.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in GROUPS:
    group.register(app)


def main() -> None:
    """Entry point of the console script."""
    try:
        app()
    except SystemExit as ended:
        if isinstance(ended.code, int | None):
            end_program(ended.code or 0)
        raise
