"""`steadydesk token`: issue, list and end API tokens; the first administrator's link; the signing key."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.cli.database import in_one_transaction
from steadydesk.cli.directory import AsJson, id_of
from steadydesk.cli.refusal import checked_settings
from steadydesk.contracts.identity import EVERY_OWN_SCOPE, IssuedToken, Scope, Token
from steadydesk.records import identity
from steadydesk.records.directory_events import installation
from steadydesk.records.identity_link import VALID_FOR, first_administrator_link
from steadydesk.records.keys import KeyFileError, dump_keyring, load_keyring, rotate
from steadydesk.stack.private_files import write_private

UserName = Annotated[str, typer.Argument(help="The user name.")]
_TOKENS = TypeAdapter(list[Token])


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="API tokens and the keys behind commands.", no_args_is_help=True)
    group.command("issue")(issue)
    group.command("list")(list_tokens)
    group.command("end")(end)
    group.command("first-administrator")(first_administrator)
    group.command("rotate-key")(rotate_key)
    app.add_typer(group, name="token")


def issue(
    user_name: UserName,
    label: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[
        list[Scope] | None, typer.Option(help="May be repeated; without it, all but act-for.")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, help="How long it is valid; without it, until ended.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Issue a token and print its secret, once."""
    now = datetime.now(UTC)
    expires_at = now + timedelta(days=days) if days else None

    async def work(connection: AsyncConnection) -> IssuedToken:
        person_id = await id_of(connection, user_name)
        scopes = set(scope) if scope else EVERY_OWN_SCOPE
        issued = await identity.issue(connection, person_id, label, scopes, expires_at, now)
        await installation(now).did(connection, "person.token-issued", person_id, token=issued.details.id)
        return issued

    issued = in_one_transaction(work)
    typer.echo(issued.model_dump_json(indent=2) if as_json else issued.token)


def list_tokens(user_name: UserName, as_json: AsJson = False) -> None:
    """List the tokens of a person that can be used; never their secrets."""

    async def work(connection: AsyncConnection) -> list[Token]:
        return await identity.list_tokens(connection, await id_of(connection, user_name), datetime.now(UTC))

    tokens = in_one_transaction(work)
    if as_json:
        typer.echo(_TOKENS.dump_json(tokens, indent=2).decode())
        return
    for token in tokens:
        used = token.last_used_at.isoformat() if token.last_used_at else "never"
        typer.echo(f"{token.id}  {token.label}  {' '.join(token.scopes)}  used: {used}")


def end(token_id: Annotated[str, typer.Argument(help="The id that `token list` shows.")]) -> None:
    """End a token."""

    async def work(connection: AsyncConnection) -> None:
        now = datetime.now(UTC)
        token = await identity.read_token(connection, token_id)
        await identity.end_token(connection, token_id, now)
        await installation(now).did(connection, "person.token-ended", token.person, token=token_id)

    in_one_transaction(work)
    typer.echo(f"{token_id} has ended")


def first_administrator() -> None:
    """Print the one-time link that makes the first administrator of a new installation."""

    async def work(connection: AsyncConnection) -> str | None:
        return await first_administrator_link(connection, datetime.now(UTC))

    secret = in_one_transaction(work)
    if secret is None:
        typer.echo("steadydesk: there is an administrator already", err=True)
        raise typer.Exit(1)
    hours = int(VALID_FOR.total_seconds() // 3600)
    address = f"{checked_settings().public_url}/sign-in/first-administrator?link={secret}"
    typer.echo(f"Open within {hours} hours, once: {address}")


def rotate_key() -> None:
    """Sign commands with a new key from the next start on; the old keys still verify what they signed."""
    path = checked_settings().keys_file
    try:
        keyring = rotate(load_keyring(path))
    except KeyFileError as error:
        typer.echo(f"steadydesk: {error}", err=True)
        raise typer.Exit(1) from None
    write_private(path, dump_keyring(keyring))
    typer.echo(f"{path}: the current key is {keyring.current}; restart worker and API together")
