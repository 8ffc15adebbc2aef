"""Configuration versions: what is in force, what was, how two differ, and a second person's approval."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.security import ConfigurationReader, Configurer
from api.state import ServicesOf
from steadydesk.contracts.configuration import ConfigurationVersion, Difference
from steadydesk.contracts.page import LARGEST_PAGE, Page
from steadydesk.policies.configuration import differences
from steadydesk.policies.rights import Permission
from steadydesk.records import configuration

router = APIRouter(prefix="/config/versions", tags=["configuration"])


@router.get("")
async def list_versions(
    caller: ConfigurationReader,
    services: ServicesOf,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Page[ConfigurationVersion]:
    """From the newest on; ``before`` is the serial to go on from."""
    del caller
    async with services.engine.connect() as connection:
        found = await configuration.versions(connection, before=before, limit=limit)
    return Page(items=found, after=str(found[-1].serial) if len(found) == limit else None)


@router.get("/{digest}")
async def show_version(
    digest: str, caller: ConfigurationReader, services: ServicesOf
) -> ConfigurationVersion:
    del caller
    async with services.engine.connect() as connection:
        return await configuration.version(connection, digest)


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
        before = base or (present.digest if present else None)
        old = await configuration.get(connection, before) if before else None
        return differences(old, await configuration.get(connection, digest))


@router.post("/{digest}/approve")
async def approve(digest: str, caller: Configurer, services: ServicesOf) -> ConfigurationVersion:
    """Put a proposed version in force, as a second person with the right for the whole organisation."""
    caller.require(Permission.CONFIGURE, "*")
    async with services.engine.begin() as connection:
        return await configuration.approve(connection, digest, caller.author)
