"""`steadydesk directory`: import people and groups from a file, set a password, deactivate somebody."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.cli.database import in_one_transaction, tell
from steadydesk.cli.refusal import checked_settings
from steadydesk.cli.temporal import deliver_soon
from steadydesk.contracts.directory import Departure
from steadydesk.contracts.directory_document import ChangeKind, DirectoryDifference
from steadydesk.errors import InvalidInput, UnknownRecord
from steadydesk.records.directory_approvers import people_by_name
from steadydesk.records.directory_departure import deactivate
from steadydesk.records.directory_document import read_directory
from steadydesk.records.directory_events import installation
from steadydesk.records.directory_import import apply_directory
from steadydesk.records.identity_password import set_password

_SIGNS = {ChangeKind.ADDED: "+", ChangeKind.CHANGED: "~", ChangeKind.REMOVED: "-"}
_SHORTEST_PASSWORD = 12

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="People and groups.", no_args_is_help=True)
    group.command("import")(import_file)
    group.command("set-password")(set_password_of)
    group.command("deactivate")(deactivate_person)
    app.add_typer(group, name="directory")


def import_file(
    file: Annotated[Path, typer.Argument(help="A .csv, .yaml or .yml file.")],
    dry_run: Annotated[bool, typer.Option(help="Tell the difference and change nothing.")] = False,
    complete: Annotated[bool, typer.Option(help="Whoever is not in the file has left.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the directory to what the file says: all of it or, on a fault, nothing. A column or field that the
    file does not have changes nothing; docs/operations.md lists them.
    """
    try:
        document = read_directory(file, complete=complete)
    except InvalidInput as refusal:
        tell(refusal)
        raise typer.Exit(1) from None

    async def work(connection: AsyncConnection) -> DirectoryDifference:
        return await apply_directory(connection, document, datetime.now(UTC), dry_run=dry_run)

    difference = in_one_transaction(work)
    if not (dry_run or difference.is_empty):
        deliver_soon(checked_settings())
    typer.echo(difference.model_dump_json(indent=2) if as_json else _as_text(difference, dry_run=dry_run))


def set_password_of(
    user_name: Annotated[str, typer.Argument(help="The user name.")],
    password: Annotated[
        str,
        typer.Option(
            prompt=True, hide_input=True, confirmation_prompt=True, help="At least 12 characters; asked for."
        ),
    ],
) -> None:
    """Give somebody a password to sign in with."""
    if len(password) < _SHORTEST_PASSWORD:
        typer.echo(f"steadydesk: a password has at least {_SHORTEST_PASSWORD} characters", err=True)
        raise typer.Exit(2)

    async def work(connection: AsyncConnection) -> None:
        now = datetime.now(UTC)
        person_id = await id_of(connection, user_name)
        await set_password(connection, person_id, password, now)
        await installation(now).did(connection, "person.password-set", person_id)

    in_one_transaction(work)
    typer.echo(f"{user_name} can sign in with the new password")


def deactivate_person(
    user_name: Annotated[str, typer.Argument(help="The user name.")], as_json: AsJson = False
) -> None:
    """Somebody has left: end sessions, tokens and delegations, and let every process look again."""

    async def work(connection: AsyncConnection) -> Departure:
        return await deactivate(
            connection, await id_of(connection, user_name), installation(datetime.now(UTC))
        )

    departure = in_one_transaction(work)
    deliver_soon(checked_settings())
    if as_json:
        typer.echo(departure.model_dump_json(indent=2))
        return
    ended = f"{departure.tokens} tokens, {departure.sessions} sessions, {departure.delegations} delegations"
    typer.echo(f"{user_name} left at {departure.left_at.isoformat()}; ended {ended}")
    if departure.processes:
        typer.echo(f"{', '.join(departure.processes)} will be told")


async def id_of(connection: AsyncConnection, user_name: str) -> str:
    """The person's id; UnknownRecord for a name that nobody has."""
    found = await people_by_name(connection, [user_name])
    if not found:
        raise UnknownRecord(f"The directory has nobody with the user name '{user_name}'.")
    return found[user_name.lower()]


def _as_text(difference: DirectoryDifference, *, dry_run: bool) -> str:
    lines = [
        f"{_SIGNS[change.kind]} {change.record} {change.key}"
        + (f" ({', '.join(change.fields)})" if change.fields else "")
        for change in difference.changes
    ]
    named = {
        "active again": difference.returns,
        "service account changed": difference.service_accounts,
    }
    lines += [f"! {what}: {', '.join(names)}" for what, names in named.items() if names]
    verb = "would change" if dry_run else "changed"
    return "\n".join([*lines, f"{len(difference.changes)} {verb}, {difference.unchanged} as they were"])
