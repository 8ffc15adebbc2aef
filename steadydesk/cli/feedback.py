"""`steadydesk feedback`: suggestions and complaints that you answer for, and your own."""

from typing import Annotated, Any

import typer

from steadydesk.cli.client import AsJson, AsUser, Token, api, print_json
from steadydesk.cli.request import Most
from steadydesk.cli.table import Row, print_facts, print_table
from steadydesk.contracts.feedback import FeedbackKind


def _answers(row: Row) -> list[str]:
    """A function's process owners by the function."""
    return [
        f"process owners of {one['name']}" if one["subject"].startswith("f:") else one["name"]
        for one in row["answers"]
    ]


COLUMNS = (
    ("ID", "id"),
    ("KIND", "kind"),
    ("ABOUT", "number"),
    ("SAID BY", "person"),
    ("AT", "at"),
    ("ANSWERS", _answers),
)


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Suggestions and complaints.", no_args_is_help=True)
    group.command("list")(list_feedback)
    group.command("show")(show)
    app.add_typer(group, name="feedback")


def list_feedback(
    kind: Annotated[FeedbackKind | None, typer.Option(help="Only these.")] = None,
    most: Most = 50,
    token: Token = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """List what you answer for and what you said, the newest first."""
    found = api(token, as_user).pages("feedback", most, kind=kind.value if kind else None)
    print_json(found) if as_json else print_table(found, COLUMNS, "Nobody said anything to you.")


def show(
    identity: Annotated[str, typer.Argument(metavar="ID", help="Such as fb_….")],
    token: Token = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Show what was said."""
    one: dict[str, Any] = api(token, as_user).get(f"feedback/{identity}")
    if as_json:
        print_json(one)
        return
    print_facts((heading.lower(), one[field]) for heading, field in COLUMNS if isinstance(field, str))
    print_facts([("answers", _answers(one))])
    typer.echo(f"\n{one['text'] or '(erased)'}")
