"""A page of requests with what its filters offer: one statement after the setting of its plan, and one for a text."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.views import PersonRef, RecordView
from steadydesk.records import configuration
from steadydesk.records.engine import plan_anew
from steadydesk.records.tables.configuration import configuration_version
from steadydesk.records.tables.directory import person
from steadydesk.records.views.json_rows import listed, record_fields
from steadydesk.records.views.ordered import ways_to_mean
from steadydesk.records.views.people import Names
from steadydesk.records.views.record_filter import Position, RecordFilter, RecordOrder
from steadydesk.records.views.records import chosen, instant_of, prepare
from steadydesk.records.views.visibility import Viewer


@dataclass(frozen=True)
class RequestList:
    """``catalog`` is the one in force; empty before the first configuration."""

    found: list[RecordView]
    catalog: dict[str, CatalogItem]


async def request_list(
    connection: AsyncConnection,
    viewer: Viewer,
    wanted: RecordFilter,
    limit: int,
    after: Position | None = None,
    order: RecordOrder = RecordOrder.CHANGED,
    text: str | None = None,
) -> RequestList:
    """At most ``limit`` rows behind ``after``, in this order, that the text means."""
    ways = None
    if text:
        await plan_anew(connection)
        ways = await ways_to_mean(connection, text, viewer.language)
    else:
        await prepare(connection, wanted, order)
    found = chosen(viewer, wanted, limit, after, order, ways).cte("found")
    named = select(found.c.opened_by).union(select(found.c.caller), select(found.c.assigned_to))
    columns = (person.c.id, person.c.name, person.c.user_name)
    names = select(*columns).where(person.c.id.in_(named)).subquery("names")
    digest = select(configuration_version.c.digest).where(configuration_version.c.current).scalar_subquery()
    statement = select(
        listed(found, found.c.number).label("records"),
        listed(names, names.c.id).label("names"),
        digest.label("digest"),
    )
    row = (await connection.execute(statement)).one()
    known = Names({one["id"]: PersonRef(**one) for one in row.names})
    views = [RecordView(**record_fields(one, known, viewer.language)) for one in row.records]
    newest_first = order is not RecordOrder.EXPECTED
    views.sort(key=lambda view: (instant_of(view, order), view.number), reverse=newest_first)
    resolved = await configuration.get(connection, row.digest) if row.digest else None
    return RequestList(views, resolved.organisation.catalog if resolved else {})
