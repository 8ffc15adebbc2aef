"""Configuration versions: what is in force, what was, how two differ, and a second person's approval."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, Field, StringConstraints

from api.security import ConfigurationReader, Configurer
from api.state import ServicesOf
from steadydesk.configuration import apply as application
from steadydesk.configuration.loader import MISNAMED, MOST_FILES, may_be_sent
from steadydesk.configuration.problem import Problem as ConfigurationProblem
from steadydesk.contracts.base import Contract
from steadydesk.contracts.configuration import ConfigurationVersion, Difference
from steadydesk.contracts.page import LARGEST_PAGE, Page
from steadydesk.contracts.words import NOT_BLANK
from steadydesk.errors import InvalidInput, Problem
from steadydesk.policies.configuration import differences
from steadydesk.policies.rights import Permission
from steadydesk.records import configuration
from steadydesk.records.configuration_digest import digest_beginning


def _sendable(name: str) -> str:
    if not may_be_sent(name):
        raise ValueError(MISNAMED)
    return name


FileName = Annotated[str, StringConstraints(max_length=300), AfterValidator(_sendable)]

router = APIRouter(prefix="/config/versions", tags=["configuration"])


@router.get("")
async def list_versions(
    caller: ConfigurationReader,
    services: ServicesOf,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Page[ConfigurationVersion]:
    """From the newest on; ``before`` is the serial to go on from."""
    del caller
    async with services.engine.connect() as connection:
        found = await configuration.versions(connection, before=before, limit=limit)
    return Page(items=found, after=str(found[-1].serial) if len(found) == limit else None)


class NewVersion(Contract):
    """A whole configuration: the YAML files of a folder by their names."""

    files: dict[FileName, str] = Field(min_length=1, max_length=MOST_FILES)
    why: Annotated[str, StringConstraints(min_length=1, max_length=2000), NOT_BLANK]


class Proposed(Contract):
    version: ConfigurationVersion
    warnings: list[str]


@router.post("", status_code=201)
async def propose(body: NewVersion, caller: Configurer, services: ServicesOf) -> Proposed:
    """Check and store a version: in force at once, or waiting for a second person where the organisation wants one.

    Every function that it changes must be yours to configure; what functions share, the whole organisation's.
    """
    with TemporaryDirectory() as folder:
        await asyncio.to_thread(_write, Path(folder), body.files)
        async with services.posting() as connection:
            try:
                touched = await application.touched_by(connection, Path(folder), caller.now.date())
                for function in sorted(touched):
                    caller.require(Permission.CONFIGURE, function)
                version, warnings = await application.apply(connection, Path(folder), body.why, caller.author)
            except application.RefusedError as refused:
                raise InvalidInput(
                    "the configuration has errors; nothing was stored",
                    problems=[Problem(_pointer(folder, one), _words(one)) for one in refused.problems],
                ) from refused
    return Proposed(version=version, warnings=[f"{_name(folder, one)}:{_words(one)}" for one in warnings])


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="surrogatepass")
        except OSError:
            message = "this name cannot stand beside the others: one is a file and a folder"
            raise InvalidInput(message, pointer=_pointer_of(name)) from None


def _pointer(folder: str, problem: ConfigurationProblem) -> str:
    return _pointer_of(_name(folder, problem))


def _name(folder: str, problem: ConfigurationProblem) -> str:
    return problem.place.file.removeprefix(folder).lstrip("/")


def _pointer_of(name: str) -> str:
    return "/files/" + name.replace("~", "~0").replace("/", "~1")


def _words(problem: ConfigurationProblem) -> str:
    """Line and column within the file that the pointer names, the rule, and what is wrong."""
    return f"{problem.place.line}:{problem.place.column}: {problem.rule} {problem.message}"


@router.get("/{digest}")
async def show_version(
    digest: str, caller: ConfigurationReader, services: ServicesOf
) -> ConfigurationVersion:
    """Who applied it, when and why. Of a digest the first 8 digits are enough where no other version has them."""
    del caller
    async with services.engine.connect() as connection:
        return await configuration.version(connection, await digest_beginning(connection, digest))


@router.get("/{digest}/difference")
async def show_difference(
    digest: str,
    caller: ConfigurationReader,
    services: ServicesOf,
    base: Annotated[str | None, Query()] = None,
) -> list[Difference]:
    """What the version changes against ``base``; without one, against the version in force."""
    del caller
    async with services.engine.connect() as connection:
        present = await configuration.current(connection)
        before = (
            await digest_beginning(connection, base, "base") if base else present.digest if present else None
        )
        old = await configuration.get(connection, before) if before else None
        wanted = await digest_beginning(connection, digest)
        return differences(old, await configuration.get(connection, wanted))


@router.post("/{digest}/approve")
async def approve(digest: str, caller: Configurer, services: ServicesOf) -> ConfigurationVersion:
    """Put a proposed version in force, as a second person with the right for the whole organisation."""
    caller.require(Permission.CONFIGURE, "*")
    async with services.posting() as connection:
        wanted = await digest_beginning(connection, digest)
        return await configuration.approve(connection, wanted, caller.author)
