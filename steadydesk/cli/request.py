"""`steadydesk request`: order, follow, comment, change and cancel."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from steadydesk.cli.client import USAGE, Api, AsJson, AsUser, Token, api, fail, print_json
from steadydesk.cli.table import BASE, Row, print_facts, print_table, print_waiting, state_of
from steadydesk.cli.values import read_values
from steadydesk.contracts.numbers import RecordKind, kind_of, parse_typed

Number = Annotated[str, typer.Argument(help="Such as REQ0000042, or req42.")]
Values = Annotated[
    list[str] | None, typer.Option("--set", help="An answer of the form, key=value; may be repeated.")
]
Line = Annotated[str | None, typer.Option(help="One line's RITM number.")]
Reason = Annotated[str | None, typer.Option(help="Why.")]
Most = Annotated[int, typer.Option("--limit", min=1, help="Most rows.")]

RECORDS = (
    ("NUMBER", "number"),
    ("WHAT", "short_description"),
    ("STATE", state_of),
    ("FOR", "caller"),
    ("GROUP", "assignment_group"),
    ("EXPECTED", "expected_at"),
    ("UPDATED", "updated_at"),
)

REASONED = {
    "cancel": "Cancel all open lines, or one: stop, undo, close.",
    "recall": "Take a line back out of its approval, to change and resubmit it.",
    "return": "Return an approved line to its requester; what was done for it is taken back first.",
}
"""What takes a line and a reason, or neither."""


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Order and follow requests.", no_args_is_help=True)
    for name, command in (
        ("new", new),
        ("show", show),
        ("list", list_requests),
        ("comment", comment),
        ("resubmit", resubmit),
    ):
        group.command(name)(command)
    for name, meaning in REASONED.items():
        group.command(name, help=meaning)(_reasoned(name))
    app.add_typer(group, name="request")


def new(
    item: Annotated[str, typer.Argument(help="Key of the catalogue item.")],
    values: Values = None,
    example: Annotated[
        bool, typer.Option("--example", help="Begin with the item's example answers.")
    ] = False,
    quantity: Annotated[int, typer.Option(min=1, help="How many.")] = 1,
    requested_for: Annotated[str | None, typer.Option("--for", help="User name of whom it is for.")] = None,
    note: Annotated[str | None, typer.Option(help="Words for those who decide and fulfil.")] = None,
    follows: Annotated[str | None, typer.Option(help="The closed request that it takes up.")] = None,
    token: Token = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Order an item, also as the follow-up of a closed request."""
    desk = api(token, as_user)
    details = desk.get(f"catalog/items/{item}")
    given = read_values(values or [], details["form"])
    line = {
        "item": item,
        "quantity": quantity,
        "variables": {**(details["example"] if example else {}), **given},
    }
    body = {"items": [line], "requested_for": requested_for, "note": note, "follows": follows}
    answer = desk.post("requests", body)
    if as_json:
        print_json(answer)
    else:
        _show(desk, desk.get(f"requests/{answer['number']}") if "items" in answer else answer)


def show(number: Number, token: Token = None, as_user: AsUser = None, as_json: AsJson = False) -> None:
    """Show a request with its lines, approvals and tasks."""
    meant = parse_typed(number)
    if meant is not None and kind_of(meant) is not RecordKind.REQUEST:
        fail(USAGE, f"{meant} is no request; `steadydesk why {meant}` tells what it waits for")
    desk = api(token, as_user)
    found = desk.get(f"requests/{number}")
    print_json(found) if as_json else _show(desk, found)


def _show(desk: Api, found: Row) -> None:
    _print_request(found, desk.language_for(found.get("waiting", [])))


def list_requests(
    state: Annotated[str | None, typer.Option(help="Such as in_process.")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Those that you ordered.")] = False,
    open_only: Annotated[bool, typer.Option("--open", help="Open ones alone.")] = False,
    most: Most = 50,
    token: Token = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """List the requests that you may see, the newest change first."""
    found = api(token, as_user).pages("requests", most, state=state, mine=mine, open=open_only)
    print_json(found) if as_json else print_table(found, RECORDS, "No request that you may see.")


def comment(
    number: Number,
    text: Annotated[str, typer.Argument(help="Your words.")],
    work_note: Annotated[
        bool, typer.Option("--work-note", help="For those who work on it; the requester does not see it.")
    ] = False,
    token: Token = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Comment; from the requester it answers open questions."""
    body = {"text": text, "work_note": work_note}
    told(api(token, as_user).post(f"requests/{number}/comments", body), as_json)


def resubmit(
    number: Number,
    values: Values = None,
    line: Line = None,
    quantity: Annotated[int | None, typer.Option(min=1, help="Another quantity.")] = None,
    note: Annotated[str | None, typer.Option("--comment", help="What you changed, and why.")] = None,
    token: Token = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Change answers of a returned line and send it for approval again; answers that you do not set stay."""
    desk = api(token, as_user)
    ordered = _line(desk, number, line)
    schema = desk.get(f"catalog/items/{ordered['item']}")["form"]
    variables = {**ordered["variables"], **read_values(values or [], schema)}
    body = {"line": ordered["number"], "variables": variables, "quantity": quantity, "comment": note}
    told(desk.post(f"requests/{number}/resubmit", body), as_json)


def _reasoned(action: str) -> Callable[..., None]:
    def act(
        number: Number,
        line: Line = None,
        reason: Reason = None,
        token: Token = None,
        as_user: AsUser = None,
        as_json: AsJson = False,
    ) -> None:
        body = {"line": line, "reason": reason}
        told(api(token, as_user).post(f"requests/{number}/{action}", body), as_json)

    return act


def told(answer: dict[str, Any], as_json: bool) -> None:
    """A command's answer."""
    if as_json:
        print_json(answer)
        return
    if answer.get("accepted"):
        typer.echo(f"{answer['number']}: taken in; it is carried out as soon as its process runs")
        return
    said = answer | ({"state": state_of(answer)} if "state" in answer else {})
    more = ", ".join(f"{key} {value}" for key, value in said.items() if key not in ("number", "version"))
    typer.echo(f"{answer['number']}: {more or 'done'}")


def _line(desk: Api, number: str, line: str | None) -> Row:
    lines: list[Row] = desk.get(f"requests/{number}")["items"]
    found = [one for one in lines if line in (None, one["number"])]
    if len(found) != 1:
        raise typer.BadParameter(
            f"name one of {', '.join(one['number'] for one in lines)}", param_hint="--line"
        )
    return found[0]


def _print_request(request: Row, language: str = BASE) -> None:
    if "short_description" not in request:
        typer.echo(f"{request['number']} is received and being taken up")
        return
    print_facts(
        [
            ("number", request["number"]),
            ("what", request["short_description"]),
            ("state", state_of(request)),
            ("for", request["caller"]),
            ("ordered by", request["opened_by"]),
            ("opened", request["opened_at"]),
            ("expected", request.get("expected_at")),
            ("closed", request.get("closed_at")),
            ("note", request.get("note")),
            ("follows", request.get("follows")),
            ("followed by", ", ".join(request.get("followed_by", [])) or None),
            ("Temporal UI", request.get("temporal_ui")),
        ]
    )
    for title, name, columns in (
        ("Lines", "items", RECORDS[:6]),
        (
            "Approvals",
            "approvals",
            (("ID", "id"), ("STAGE", "label"), ("STATE", state_of), ("DUE", "due_at")),
        ),
        ("Tasks", "tasks", (*RECORDS[:3], ("GROUP", "assignment_group"), ("ASSIGNED TO", "assigned_to"))),
    ):
        if request.get(name):
            typer.echo(f"\n{title}")
            print_table(request[name], columns, "")
    if request.get("waiting"):
        typer.echo("")
        print_waiting(request["waiting"], language)
