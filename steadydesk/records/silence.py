"""From whom a process is kept: those whom it is about, until its hour, by whichever of their accounts."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from steadydesk.policies.rights import Relation
from steadydesk.records.tables.directory import person
from steadydesk.records.tables.process import sight

_ABOUT = person.alias("about")


async def kept_from(
    connection: AsyncConnection, number: str, people: Collection[str], now: datetime
) -> set[str]:
    """Those of the people from whom the process ``number`` is still kept."""
    about = (
        select(func.coalesce(_ABOUT.c.natural_person, _ABOUT.c.id))
        .join(sight, _ABOUT.c.id == func.substr(sight.c.subject, 3))
        .where(
            sight.c.number == number,
            sight.c.why == Relation.REQUESTED_FOR.value,
            sight.c.begins_at > now,
        )
    )
    asked = select(person.c.id).where(
        person.c.id == any_(literal(sorted(people), ARRAY(Text))),
        func.coalesce(person.c.natural_person, person.c.id).in_(about),
    )
    return set(await connection.scalars(asked))
