"""The organisation that new processes start with."""

from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.configuration import ResolvedOrganisation
from steadydesk.errors import Unavailable
from steadydesk.records import configuration


async def in_force(connection: AsyncConnection) -> tuple[str, ResolvedOrganisation]:
    """Digest and organisation of the current version; Unavailable before the first one was applied."""
    present = await configuration.current(connection)
    if present is None:
        raise Unavailable("no configuration was applied yet; see 'steadydesk config apply'")
    return present.digest, await configuration.get(connection, present.digest)
