"""When people are away: entered by themselves, their manager or an administrator."""

from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.delegation import Absence, Delegation, NewAbsence
from steadydesk.contracts.directory import Standing
from steadydesk.errors import InvalidInput, NotAllowed, Problem, UnknownRecord
from steadydesk.policies.delegation import Span, away_during, is_within, may_answer_for
from steadydesk.records.delegation_end import end_now, made_by_others
from steadydesk.records.directory import read_person
from steadydesk.records.directory_events import Author
from steadydesk.records.directory_rows import ABSENCE_COLUMNS, absence_of
from steadydesk.records.identifiers import new_id
from steadydesk.records.tables.directory import absence


async def absence_during(
    connection: AsyncConnection, person_id: str, begin: datetime, end: datetime, *, held: bool = False
) -> Span | None:
    """From when until when the person is away who is so at some time in [begin, end); None where they are not away.
    What is ``held`` nobody takes back before the transaction ends.
    """
    spans = select(absence.c.begins_at, absence.c.ends_at).where(
        absence.c.person == person_id, absence.c.ends_at > begin
    )
    if held:
        spans = spans.order_by(absence.c.id).with_for_update(read=True)
    found = (await connection.execute(spans)).all()
    return away_during([(row.begins_at, row.ends_at) for row in found], begin, end)


async def add_absence(
    connection: AsyncConnection, person_id: str, new: NewAbsence, by: Standing, author: Author
) -> Absence:
    """Enter an absence of [begins_at, ends_at) that is not over yet."""
    await _answers_for(connection, person_id, by)
    if new.ends_at <= author.at:
        raise InvalidInput("The absence is over.", problems=[Problem("/ends_at", "it lies in the past")])
    entered = Absence(id=new_id("a"), person=person_id, **new.model_dump())
    await connection.execute(insert(absence).values(**entered.model_dump()))
    await author.did(connection, "person.absence-entered", person_id, absence=entered.id)
    return entered


async def remove_absence(
    connection: AsyncConnection, person_id: str, absence_id: str, by: Standing, author: Author
) -> list[Delegation]:
    """Take an absence back; delegations that others made because of it end with it: these are given back."""
    await _answers_for(connection, person_id, by)
    statement = delete(absence).where(absence.c.id == absence_id, absence.c.person == person_id)
    if await connection.scalar(statement.returning(absence.c.id)) is None:
        raise UnknownRecord("There is no such absence.")
    # Locked before the trace, as by a departure: neither waits for the other in turn.
    by_others = await made_by_others(connection, person_id, author.at)
    await author.did(connection, "person.absence-removed", person_id, absence=absence_id)
    ended: list[Delegation] = []
    for made in by_others:
        begin = max(made.begins_at, author.at)
        away = await absence_during(connection, person_id, begin, made.ends_at)
        if not is_within(away, begin, made.ends_at):
            ended.append(await end_now(connection, made, author))
    return ended


async def list_absences(
    connection: AsyncConnection, person_id: str, by: Standing, now: datetime
) -> list[Absence]:
    """Absences that are not over, soonest first."""
    await _answers_for(connection, person_id, by)
    statement = (
        select(*ABSENCE_COLUMNS)
        .where(absence.c.person == person_id, absence.c.ends_at > now)
        .order_by(absence.c.begins_at, absence.c.id)
    )
    return [absence_of(row) for row in await connection.execute(statement)]


async def _answers_for(connection: AsyncConnection, person_id: str, by: Standing) -> None:
    if not may_answer_for(by, await read_person(connection, person_id)):
        raise NotAllowed("Absences are kept by the person, their manager and administrators.")
