"""Names for references: one read for all people that an answer mentions."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.assertion import SERVICE_ACTOR
from steadydesk.contracts.views import PersonRef
from steadydesk.records.tables.directory import person


class Names:
    """References of people by id; an unknown id keeps itself as its name."""

    def __init__(self, known: dict[str, PersonRef]) -> None:
        self._known = known

    def of(self, person_id: str) -> PersonRef:
        return self._known.get(person_id) or PersonRef(id=person_id, name=person_id)

    def maybe(self, person_id: str | None) -> PersonRef | None:
        return self.of(person_id) if person_id else None


async def names_of(connection: AsyncConnection, ids: Iterable[str | None]) -> Names:
    wanted = {each for each in ids if each}
    known = {SERVICE_ACTOR: PersonRef(id=SERVICE_ACTOR, name="Steadydesk")}
    if wanted - known.keys():
        rows = await connection.execute(
            select(person.c.id, person.c.name, person.c.user_name).where(person.c.id.in_(wanted))
        )
        known |= {row.id: PersonRef(id=row.id, name=row.name, user_name=row.user_name) for row in rows}
    return Names(known)
