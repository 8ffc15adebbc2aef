"""Change sight of a process outside of its own writes: in an emergency, with a group, a grant, its parent's hour."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import any_, case, exists, literal, not_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from steadydesk.policies.rights import Relation
from steadydesk.records.tables.directory import membership
from steadydesk.records.tables.process import record, sight

_NAMED = sight.alias("named")


async def let_see(
    connection: AsyncConnection, subject: str, number: str, why: Relation, until: datetime | None
) -> None:
    """``subject`` sees the process until then, for None without an end; a sight that is there takes the new end.

    The record is held meanwhile: a write of the process at the same moment would leave the new sight as it was before.
    """
    present = (
        select(
            literal(subject),
            record.c.number,
            literal(why.value),
            literal(until, sight.c.until.type),
            record.c.open,
            record.c.updated_at,
        )
        .where(record.c.number == number)
        .with_for_update(read=True)
    )
    statement = upsert(sight).from_select(
        ["subject", "number", "why", "until", "open", "changed_at"], present
    )
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["subject", "number", "why"],
            set_={name: statement.excluded[name] for name in ("begins_at", "until", "open", "changed_at")},
        )
    )


async def end_watching(connection: AsyncConnection, person_id: str, at: datetime) -> None:
    """Whoever is in none of the groups of a restricted record any more does not go on watching it. Belongs into the
    transaction that took them out.
    """
    inside = (
        select(_NAMED.c.number)
        .join(membership, _NAMED.c.subject == literal("g:") + membership.c.group_key)
        .where(_NAMED.c.number == sight.c.number, _NAMED.c.why == Relation.RESTRICTED_GROUP.value)
        .where(membership.c.person == person_id)
    )
    restricted = select(record.c.number).where(record.c.number == sight.c.number, record.c.restricted)
    watches = (sight.c.subject == f"p:{person_id}", sight.c.why == Relation.WATCHER.value)
    ended = update(sight).where(*watches, sight.c.until.is_(None), exists(restricted), not_(exists(inside)))
    await connection.execute(ended.values(until=at))


async def move_hour(connection: AsyncConnection, numbers: Collection[str], hour: datetime) -> None:
    """What is kept silent with another process until its hour, and does not hear of it, begins to be seen then."""
    theirs = sight.c.number == any_(literal(sorted(numbers), ARRAY(Text)))
    silent = (sight.c.why == Relation.REQUESTED_FOR.value, sight.c.begins_at.is_not(None))
    never = case((sight.c.until == sight.c.begins_at, literal(hour, sight.c.until.type)), else_=sight.c.until)
    await connection.execute(update(sight).where(theirs, *silent).values(begins_at=hour, until=never))
