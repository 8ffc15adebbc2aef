"""`steadydesk why NUMBER`: what a record waits for."""

from typing import Annotated

import typer

from steadydesk.cli.client import AsJson, AsUser, Token, api, print_json
from steadydesk.cli.table import print_waiting, state_of


def register(app: typer.Typer) -> None:
    app.command()(why)


def why(
    number: Annotated[str, typer.Argument(help="Any record, however typed: req42, RITM0000007.")],
    token: Token = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Tell what a record waits for: for whom, since when, until when, and what happens then."""
    desk = api(token, as_user)
    found = desk.get(f"records/{number}/why")
    if as_json:
        print_json(found)
        return
    typer.echo(f"{found['number']}: {state_of(found)}")
    print_waiting(found["waiting"], desk.language_for(found["waiting"]))
    if not found["waiting"]:
        typer.echo("waits for nothing" if found["open"] else "closed")
