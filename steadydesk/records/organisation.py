"""The organisation that new processes start with."""

from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.configuration import ResolvedOrganisation
from steadydesk.errors import NotConfigured, UnknownRecord
from steadydesk.records import configuration
from steadydesk.records.views.records import configuration_of


async def in_force(connection: AsyncConnection) -> tuple[str, ResolvedOrganisation]:
    """Digest and organisation of the current version; NotConfigured before the first one was applied."""
    present = await configuration.current(connection)
    if present is None:
        raise NotConfigured("no configuration was applied yet; see 'steadydesk config apply'")
    return present.digest, await configuration.get(connection, present.digest)


async def kept_by(connection: AsyncConnection, number: str) -> ResolvedOrganisation:
    """The organisation that the record started with; UnknownRecord for no record."""
    digest = await configuration_of(connection, number)
    if digest is None:
        raise UnknownRecord("there is no such record, or it is not for you to see")
    return await configuration.get(connection, digest)
