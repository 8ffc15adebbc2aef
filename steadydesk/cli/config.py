"""`steadydesk config`: check a folder of configuration, compare it, apply it, list what was applied."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.cli.client import Api, AsUser, Token, api, print_json
from steadydesk.cli.database import in_one_transaction
from steadydesk.configuration import apply as application
from steadydesk.configuration.directory_file import read_directory
from steadydesk.configuration.inspection import KnownDirectory
from steadydesk.configuration.linter import lint
from steadydesk.configuration.loader import DIRECTORY_FILE, MISNAMED, files_of, load, may_be_sent
from steadydesk.configuration.problem import Place, Problem, Severity
from steadydesk.contracts.assertion import SERVICE_ACTOR, AuthenticationMethod
from steadydesk.contracts.configuration import ConfigurationVersion, Difference, ProposedAgain
from steadydesk.contracts.words import is_blank
from steadydesk.records import configuration
from steadydesk.records.directory_events import Author
from steadydesk.records.views.people import Names, names_of

config = typer.Typer(help="The organisation as code.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="Folder with the YAML files of the configuration.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines for people.")]
Outcome = TypeVar("Outcome")


def register(app: typer.Typer) -> None:
    app.add_typer(config, name="config")


@config.command()
def check(
    folder: Folder,
    directory: Annotated[
        Path | None,
        typer.Option(help="YAML file with people and groups; default: directory.yaml in the folder, if any."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read and lint a folder; nothing is stored. Exit code 1 when there are errors, 2 for wrong usage."""
    file = directory or folder / DIRECTORY_FILE
    if directory is not None and not directory.is_file():
        raise typer.BadParameter(f"there is no file {directory}")
    problems = _checked(folder, file if file.is_file() else None)
    _print_problems(problems, as_json)
    if _errors(problems):
        raise typer.Exit(1)


@config.command()
def diff(folder: Folder, as_json: AsJson = False) -> None:
    """Show what applying the folder would change. Exit code 1 when it cannot be applied."""

    async def compare(connection: AsyncConnection) -> list[Difference]:
        return await application.difference(connection, folder, _today())

    found = _stored(compare, as_json)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    else:
        for one in found:
            typer.echo(f"{one.kind:9} {one.path}: {one.before or ''} → {one.after or ''}")
        typer.echo(f"{len(found)} values differ.")


@config.command()
def versions(as_json: AsJson = False) -> None:
    """List the stored versions, the newest first: who proposed them, who approved them, and why."""
    found, names = _stored(_versions, as_json)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    last_applied = max((one.applied_at for one in found if one.applied_at is not None), default=None)
    for one in found:
        overtaken = (
            one.waits_for_approval and last_applied is not None and last_applied > one.last_proposed_at
        )
        typer.echo(_line(one, _who(one, names), overtaken=overtaken))
        for later in one.again:
            typer.echo(_again(later, _who(later, names)))


@config.command()
def apply(
    folder: Folder,
    why: Annotated[str, typer.Option(help="Why this version is needed, for those who read it later.")],
    token: Token = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Store the folder as a version, as a whole or not at all; running processes keep theirs.

    With a token it is proposed through the API in that person's name, who needs the right for every function
    that it changes. Without one it is written straight into the database, by whoever has its password, and the
    audit says so: actor service, method cli.
    """
    if is_blank(why):
        raise typer.BadParameter("say why this version is needed", param_hint="--why")
    if token or as_user:
        _propose(api(token, as_user), folder, why, as_json)
        return

    async def store(connection: AsyncConnection) -> tuple[ConfigurationVersion, list[Problem]]:
        author = Author(SERVICE_ACTOR, datetime.now(UTC), AuthenticationMethod.CLI)
        return await application.apply(connection, folder, why, author)

    stored, warnings = _stored(store, as_json)
    if as_json:
        print_json({"version": stored.model_dump(mode="json"), "problems": _documents(warnings)})
    else:
        _print_problems(warnings, as_json=False)
        typer.echo(_line(stored))


@config.command()
def approve(
    digest: Annotated[
        str, typer.Argument(help="Of the proposed version: the whole, or at least its first 8 digits.")
    ],
    token: Token = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Put a proposed version in force, as a second person. DIGEST as `versions` shows it."""
    approved = api(token, as_user).post(f"config/versions/{digest}/approve", {})
    if as_json:
        print_json(approved)
    else:
        typer.echo(_line(ConfigurationVersion.model_validate(approved)))


def _propose(person: Api, folder: Path, why: str, as_json: bool) -> None:
    answer = person.post("config/versions", {"files": _files(folder, as_json), "why": why})
    if as_json:
        print_json(answer)
        return
    for warning in answer["warnings"]:
        typer.echo(warning)
    typer.echo(_line(ConfigurationVersion.model_validate(answer["version"])))


def _files(folder: Path, as_json: bool) -> dict[str, str]:
    """The folder's files by name, as they are read without a token; what cannot be read or sent is told."""
    problems = [one for one in load(folder).problems if one.severity is Severity.ERROR]
    files = {str(file.relative_to(folder)): file for file in files_of(folder)[0]}
    problems += [_unsendable(file) for name, file in files.items() if not may_be_sent(name)]
    if problems:
        _print_problems(problems, as_json)
        raise typer.Exit(1)
    return {name: file.read_text(encoding="utf-8") for name, file in files.items()}


def _unsendable(file: Path) -> Problem:
    return Problem(Place(str(file), 1, 1), "C001", Severity.ERROR, MISNAMED)


def _checked(folder: Path, file: Path | None) -> list[Problem]:
    if file is None:
        return lint(load(folder), _today())
    document, problems = read_directory(file)
    known = (
        KnownDirectory.of((), ()) if document is None else KnownDirectory.of(document.people, document.groups)
    )
    found = lint(load(folder), _today(), known)
    # Where people cannot be read, none is known: that is one problem, not one for each that is named.
    return sorted(
        [*problems, *(one for one in found if document is not None or one.rule not in ("C102", "C301"))]
    )


def _today() -> date:
    return datetime.now(UTC).date()


def _stored(work: Callable[[AsyncConnection], Awaitable[Outcome]], as_json: bool) -> Outcome:
    """What ``work`` gives in one transaction; problems of the folder are printed, exit code 1."""
    try:
        return in_one_transaction(work)
    except application.RefusedError as refused:
        _print_problems(refused.problems, as_json)
        raise typer.Exit(1) from None


def _errors(problems: list[Problem]) -> int:
    return sum(problem.severity is Severity.ERROR for problem in problems)


def _print_problems(problems: list[Problem], as_json: bool) -> None:
    if as_json:
        print_json({"problems": _documents(problems)})
        return
    for problem in problems:
        typer.echo(str(problem))
    errors = _errors(problems)
    typer.echo(f"{errors} errors, {len(problems) - errors} warnings")


def _documents(problems: list[Problem]) -> list[dict[str, Any]]:
    return [
        {
            **problem.place._asdict(),
            "rule": problem.rule,
            "severity": problem.severity,
            "message": problem.message,
        }
        for problem in problems
    ]


async def _versions(connection: AsyncConnection) -> tuple[list[ConfigurationVersion], Names]:
    found = await configuration.versions(connection)
    proposals = [proposal for one in found for proposal in (one, *one.again)]
    named = [name for one in proposals for name in (one.proposed_by, one.approved_by)]
    return found, await names_of(connection, named)


def _who(proposal: ConfigurationVersion | ProposedAgain, names: Names) -> str:
    approver = names.maybe(proposal.approved_by)
    approved = f", approved by {approver.name}" if approver else ""
    return f"by {names.of(proposal.proposed_by).name}{approved}: "


def _line(one: ConfigurationVersion, who: str = "", *, overtaken: bool = False) -> str:
    waits = "overtaken" if overtaken else "waits for approval"
    state = "current" if one.current else waits if one.waits_for_approval else "former"
    at = one.proposed_at.astimezone()
    return f"{one.serial:>4}  {one.digest[:12]}  {at:%Y-%m-%d %H:%M %Z}  {state:18}  {who}{one.why}"


def _again(later: ProposedAgain, who: str) -> str:
    how = "brought back" if later.brings_back else "proposed again"
    at = later.proposed_at.astimezone()
    return f"{'':20}{at:%Y-%m-%d %H:%M %Z}  {how} {who}{later.why}"
