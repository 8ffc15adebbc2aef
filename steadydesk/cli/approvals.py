"""`steadydesk approvals`, `approve`, `reject`: the inbox and one's decisions."""

from typing import Annotated

import typer

from steadydesk.cli.client import AsJson, AsUser, Token, api, print_json
from steadydesk.cli.request import Most, told
from steadydesk.cli.table import print_table, state_of

Gate = Annotated[str, typer.Argument(help="The approval's id, such as REQ0000001-G1.")]
ActingFor = Annotated[
    str | None, typer.Option("--acting-for", help="User name of whom you stand for, as a delegate.")
]

COLUMNS = (
    ("ID", "id"),
    ("STAGE", "label"),
    ("STATE", state_of),
    ("OPENED", "opened_at"),
    ("DUE", "due_at"),
    ("ASKED", lambda row: [one["person"] for one in row["approvers"]]),
)


def register(app: typer.Typer) -> None:
    app.command()(approvals)
    app.command()(approve)
    app.command()(reject)


def approvals(
    every: Annotated[bool, typer.Option("--all", help="Also those that are decided.")] = False,
    most: Most = 50,
    token: Token = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """List the approvals at which you are asked, the oldest first."""
    found = api(token, as_user).pages("approvals", most, state=None if every else "requested")
    print_json(found) if as_json else print_table(found, COLUMNS, "Nothing waits for your decision.")


def approve(
    gate: Gate,
    comment: Annotated[str | None, typer.Option(help="Your words.")] = None,
    acting_for: ActingFor = None,
    token: Token = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Approve."""
    body = {"decision": "approved", "comment": comment, "acting_for": acting_for}
    told(api(token, as_user).post(f"approvals/{gate}/decision", body), as_json)


def reject(
    gate: Gate,
    comment: Annotated[str, typer.Option(help="Why; whoever ordered reads it.")],
    acting_for: ActingFor = None,
    token: Token = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Reject, and say why."""
    body = {"decision": "rejected", "comment": comment, "acting_for": acting_for}
    told(api(token, as_user).post(f"approvals/{gate}/decision", body), as_json)
