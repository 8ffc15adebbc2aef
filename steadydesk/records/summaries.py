"""What the Temporal UI says of processes that are started again: as at their first start, from their documents."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.numbers import RecordKind, kind_of
from steadydesk.contracts.request import RequestProcess
from steadydesk.policies.summary import summary_of
from steadydesk.records import configuration
from steadydesk.records.tables.process import process


async def summaries_of(connection: AsyncConnection, numbers: Collection[str]) -> dict[str, str]:
    """By number, of those requests that have a document that this version can read."""
    found: dict[str, str] = {}
    query = select(process.c.number, process.c.document).where(process.c.number.in_(numbers))
    for row in (await connection.execute(query)).all():
        if kind_of(row.number) is not RecordKind.REQUEST:
            continue
        try:
            request = RequestProcess.model_validate(row.document)
        except ValueError:
            continue
        resolved = await configuration.get(connection, request.configuration)
        items = [line.item for line in request.lines]
        restricted = bool(request.restricted_to)
        found[row.number] = summary_of(resolved.organisation, items, restricted=restricted)
    return found
