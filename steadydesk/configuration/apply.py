"""Brings a folder into a database: checked against its directory, resolved, stored; or refused as a whole."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.configuration.inspection import KnownDirectory
from steadydesk.configuration.linter import lint
from steadydesk.configuration.loader import Loaded, load
from steadydesk.configuration.problem import Problem, Severity
from steadydesk.configuration.resolution import resolve
from steadydesk.configuration.touched import functions_touched
from steadydesk.contracts.configuration import ConfigurationVersion, Difference, ResolvedOrganisation
from steadydesk.policies.configuration import differences
from steadydesk.records import configuration
from steadydesk.records.directory_events import Author
from steadydesk.records.directory_present import read_present


class RefusedError(Exception):
    """The configuration has errors; nothing was stored."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"the configuration has {len(problems)} errors")
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Checked:
    """A configuration without errors, resolved; ``warnings`` are for whoever applies it."""

    resolved: ResolvedOrganisation
    warnings: list[Problem]


def check(loaded: Loaded, today: date, directory: KnownDirectory | None) -> Checked:
    """The resolved organisation; RefusedError with everything that is wrong."""
    problems = lint(loaded, today, directory)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors or loaded.organisation is None:
        raise RefusedError(errors)
    return Checked(resolve(loaded.organisation, today), problems)


async def apply(
    connection: AsyncConnection, folder: Path, why: str, author: Author
) -> tuple[ConfigurationVersion, list[Problem]]:
    """Store the folder as a version, current at once or waiting for a second person, and its warnings.

    RefusedError when it has errors. Whether ``author`` may do so is the caller's to check.
    """
    directory = await known_directory(connection)
    checked = check(load(folder), author.at.date(), directory)
    return await configuration.propose(connection, checked.resolved, why, author), checked.warnings


async def difference(connection: AsyncConnection, folder: Path, today: date) -> list[Difference]:
    """What applying the folder would change; RefusedError when it has errors."""
    checked = check(load(folder), today, await known_directory(connection))
    present = await configuration.current(connection)
    before = None if present is None else await configuration.get(connection, present.digest)
    return differences(before, checked.resolved)


async def touched_by(connection: AsyncConnection, folder: Path, today: date) -> set[str]:
    """The functions that applying the folder would change, ``*`` for what they share; RefusedError."""
    checked = check(load(folder), today, await known_directory(connection))
    present = await configuration.current(connection)
    before = None if present is None else await configuration.get(connection, present.digest)
    return functions_touched(differences(before, checked.resolved), before, checked.resolved)


async def known_directory(connection: AsyncConnection) -> KnownDirectory:
    """The groups and people of the database, those who are active."""
    present = await read_present(connection)
    return KnownDirectory.of(present.people.values(), present.groups.values())
