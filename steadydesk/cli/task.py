"""`steadydesk task`: the queues of one's groups, a task with why its step failed, and what is done with it."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

import typer

from steadydesk.cli.client import REFUSED, Api, AsJson, AsUser, Token, api, fail, print_json
from steadydesk.cli.request import Most, Values, told
from steadydesk.cli.table import Row, print_facts, print_table, state_of
from steadydesk.cli.values import read_values

Number = Annotated[str, typer.Argument(help="Such as SCTASK0000007, or sctask7.")]
Note = Annotated[str | None, typer.Option(help="Words for those who work on it.")]

COLUMNS = (
    ("NUMBER", "number"),
    ("WHAT", "short_description"),
    ("STATE", state_of),
    ("FOR", "caller"),
    ("GROUP", "assignment_group"),
    ("ASSIGNED TO", "assigned_to"),
    ("DUE", "due_at"),
)

FAILURE = (
    ("failed with", "problem"),
    ("at", "system"),
    ("tries", "tries"),
    ("last at", "last_at"),
    ("answered", "status"),
    ("it said", "said"),
)

NOTED = {
    "start": "Start to work on it.",
    "skip": "It is not needed: the plan goes on without it.",
    "fail": "It cannot be done: the plan does what it says for a failure.",
    "retry": "Let a failed step run once more.",
    "abort": "Give a failed step up: undo what was done, in reverse.",
}
"""The actions that take nothing but a note."""


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Tasks of your groups.", no_args_is_help=True)
    group.command("list")(list_tasks)
    group.command("show")(show)
    group.command("assign")(assign)
    group.command("ask")(ask)
    group.command("complete")(complete)
    for action, meaning in NOTED.items():
        group.command(action, help=meaning)(_noted(action))
    app.add_typer(group, name="task")


def list_tasks(
    group: Annotated[str | None, typer.Option(help="Key of one group; without it, all of yours.")] = None,
    state: Annotated[str | None, typer.Option(help="Such as work_in_progress.")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Those that are assigned to you.")] = False,
    most: Most = 50,
    token: Token = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """List open tasks."""
    desk = api(token, as_user)
    found = desk.pages("tasks", most, group=group, state=state, mine=mine)
    if group and not found:
        _must_be_yours(desk, group)
    print_json(found) if as_json else print_table(found, COLUMNS, "No open task.")


def _must_be_yours(desk: Api, group: str) -> None:
    """End the command where there is no such group, or it is one whose tasks others do: no task is to be seen then."""
    key = desk.get(f"groups/{quote(group, safe='')}")["key"]
    if key not in desk.get("me")["groups"]:
        fail(REFUSED, f"you are not in the group '{key}', and see no task of it")


def show(number: Number, token: Token = None, as_user: AsUser = None, as_json: AsJson = False) -> None:
    """Show a task: what to do, and of a failed step why it failed and what the other system said."""
    found = api(token, as_user).get(f"tasks/{number}")
    print_json(found) if as_json else print_task(found)


def print_task(found: Row) -> None:
    print_facts(
        [
            ("number", found["number"]),
            ("what", found["short_description"]),
            ("state", state_of(found)),
            ("of", found["line"] or found["owner"]),
            ("for", found["caller"]),
            ("group", found["assignment_group"]),
            ("assigned to", found["assigned_to"]),
            ("due", found["due_at"]),
            ("to do", found["instruction"]),
        ]
    )
    failure = found["failure"] or {}
    print_facts((title, failure.get(name) or None) for title, name in FAILURE)


def assign(
    number: Number,
    person: Annotated[str | None, typer.Argument(help="User name; without it, yourself.")] = None,
    token: Token = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Give the task to a person."""
    told(api(token, as_user).post(f"tasks/{number}/assign", {"person": person}), as_json)


def ask(
    number: Number,
    question: Annotated[str, typer.Argument(help="What the requester should answer.")],
    remind_on: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Day of the first reminder; without it, in two business days."
        ),
    ] = None,
    token: Token = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Ask the requester; the task is pending until the answer."""
    body = {"question": question} | ({"follow_up_on": f"{remind_on:%Y-%m-%d}"} if remind_on else {})
    told(api(token, as_user).post(f"tasks/{number}/ask", body), as_json)


def complete(
    number: Number,
    values: Values = None,
    note: Note = None,
    token: Token = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """It is done; ``--set`` gives the results that the task asks for."""
    body = {"note": note, "outputs": read_values(values or [], {})}
    told(api(token, as_user).post(f"tasks/{number}/complete", body), as_json)


def _noted(action: str) -> Callable[..., None]:
    def act(
        number: Number,
        note: Note = None,
        token: Token = None,
        as_user: AsUser = None,
        as_json: AsJson = False,
    ) -> None:
        told(api(token, as_user).post(f"tasks/{number}/{action}", {"note": note}), as_json)

    return act
