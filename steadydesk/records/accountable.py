"""Who answers for a record, whether or not they may see it."""

import itertools
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.policies.rights import Relation
from steadydesk.records import configuration
from steadydesk.records.directory_approvers import group_members, line_above
from steadydesk.records.directory_facts import administrators, process_owners
from steadydesk.records.tables.process import record, sight


@dataclass(frozen=True)
class Accountable:
    """``groups`` own what was ordered, or are named by a restricted record; ``people`` are their active members, and
    the process owners of the function.
    """

    groups: frozenset[str]
    people: frozenset[str]


async def accountable_for(connection: AsyncConnection, owner: str, function: str | None) -> Accountable:
    """Who answers for the process ``owner``; nobody where all have left."""
    groups = await named_groups(connection, owner) | await _item_owners(connection, owner)
    owners = await process_owners(connection, function) if function else []
    members = [await group_members(connection, key) for key in sorted(groups)]
    return Accountable(frozenset(groups), frozenset({*owners, *itertools.chain.from_iterable(members)}))


async def in_their_place(connection: AsyncConnection, actor: str) -> list[str]:
    """Who hears of what ``actor`` did where nobody else answers for it: their manager, else other administrators."""
    above = (await line_above(connection, actor))[:1]
    return above or [one for one in await administrators(connection) if one != actor]


async def named_groups(connection: AsyncConnection, owner: str) -> set[str]:
    """To which groups the process is restricted; none of one that is not."""
    named = select(sight.c.subject).where(
        sight.c.number == owner, sight.c.why == Relation.RESTRICTED_GROUP.value
    )
    return {subject.removeprefix("g:") for subject in await connection.scalars(named)}


async def _item_owners(connection: AsyncConnection, owner: str) -> set[str]:
    """By the configuration that the record keeps."""
    items = select(record.c.item, record.c.configuration).where(
        record.c.owner == owner, record.c.item.is_not(None), record.c.configuration.is_not(None)
    )
    groups: set[str] = set()
    for item, digest in (await connection.execute(items.distinct())).all():
        entry = (await configuration.get(connection, digest)).organisation.catalog.get(item)
        groups |= {entry.owner} if entry else set()
    return groups
