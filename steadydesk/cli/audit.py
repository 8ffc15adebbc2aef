"""`steadydesk audit`: show a record's chain, prove all chains against their anchors, keep the signing key."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.cli.client import REFUSED, USAGE, AsJson, AsUser, Token, api, fail, print_json
from steadydesk.cli.database import in_one_transaction
from steadydesk.cli.refusal import checked_settings
from steadydesk.cli.table import print_table
from steadydesk.contracts.numbers import parse_typed
from steadydesk.records.anchor_files import AnchorFileError, read_anchors
from steadydesk.records.anchor_keys import load_anchor_keys
from steadydesk.records.audit_verify import Verdict, Witness
from steadydesk.records.audit_verify import verify as prove
from steadydesk.records.keys import KeyFileError
from steadydesk.stack.private_files import write_private

COLUMNS = (
    ("POSITION", "position"),
    ("AT", "at"),
    ("EVENT", "event"),
    ("SUBJECT", "subject"),
    ("ACTOR", "actor"),
    ("HASH", lambda row: row["hash"][:12]),
)


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The proof of what happened.", no_args_is_help=True)
    group.command()(show)
    group.command()(verify)
    group.command("rotate-key")(rotate_key)
    group.command("public-key")(public_key)
    app.add_typer(group, name="audit")


def show(
    number: Annotated[str, typer.Argument(help="Any record, however typed.")],
    most: Annotated[int, typer.Option("--limit", min=1, help="Most rows.")] = 1_000,
    token: Token = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Show a record's chain, row by row."""
    found = api(token, as_user).pages(f"audit/{number}", most)
    print_json(found) if as_json else print_table(found, COLUMNS, "No row.")


def verify(
    number: Annotated[str | None, typer.Argument(help="One record; without it, every chain.")] = None,
    anchors: Annotated[
        bool, typer.Option("--anchors", help="Hold the chains against the signed anchors outside.")
    ] = False,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Folder of anchors, or a log file with them; default: the anchor folder."
        ),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="File with the public keys; default: the anchor key file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Recompute the audit from its rows. Exit code 1 when something was changed, removed or cut."""
    wanted = _number(number)
    witness = _witness(source, key) if anchors or source else None

    async def work(connection: AsyncConnection) -> Verdict:
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        return await prove(connection, None if wanted is None else [wanted], witness)

    verdict = in_one_transaction(work)
    if wanted is not None and not verdict.chains and not verdict.findings:
        fail(REFUSED, f"nothing was ever written about {wanted}")
    typer.echo(_as_json(verdict) if as_json else _as_text(verdict))
    if verdict.findings:
        raise typer.Exit(REFUSED)


def rotate_key() -> None:
    """Sign anchors with a new key from now on. The old private key is destroyed, its public key is kept."""
    path = checked_settings().anchor_key_file
    try:
        keys = load_anchor_keys(path).rotated()
    except KeyFileError as error:
        fail(REFUSED, str(error))
    write_private(path, keys.dump())
    typer.echo(f"{path}: anchors are signed with {list(keys.public)[-1]} from the next one on")


def public_key() -> None:
    """Print the key file without its secret: what an auditor needs to check anchors elsewhere."""
    try:
        keys = load_anchor_keys(checked_settings().anchor_key_file)
    except KeyFileError as error:
        fail(REFUSED, str(error))
    typer.echo(keys.dump(private=False), nl=False)


def _number(typed: str | None) -> str | None:
    """A record's number however typed; people and groups have chains of their own names."""
    return (parse_typed(typed) or typed) if typed is not None else None


def _witness(source: Path | None, key: Path | None) -> Witness:
    settings = checked_settings()
    try:
        keys = load_anchor_keys(key or settings.anchor_key_file)
        found = read_anchors(source or settings.anchor_dir)
    except (KeyFileError, AnchorFileError) as error:
        fail(USAGE, str(error))
    return Witness(found, keys.public, datetime.now(UTC))


def _as_json(verdict: Verdict) -> str:
    findings: list[dict[str, Any]] = [finding._asdict() for finding in verdict.findings]
    facts = {"chains": verdict.chains, "rows": verdict.rows, "anchors": verdict.anchors}
    return json.dumps({"proven": not findings, **facts, "findings": findings}, indent=2)


def _as_text(verdict: Verdict) -> str:
    lines = [_line(finding._asdict()) for finding in verdict.findings]
    held = f", held against {verdict.anchors} anchors" if verdict.anchors is not None else ""
    counted = f"{verdict.rows} rows in {verdict.chains} chains{held}"
    return "\n".join([*lines, f"{counted}: {len(lines) or 'no'} fault{'' if len(lines) == 1 else 's'}"])


def _line(finding: dict[str, Any]) -> str:
    place = f" row {finding['position']}" if finding["position"] else ""
    return f"{finding['fault']}: {finding['number']}{place}: {finding['words']}"
