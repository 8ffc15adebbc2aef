"""Surveys: who is asked, and how seldom."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.records.tables.voice import survey


async def may_survey(
    connection: AsyncConnection, number: str, person: str, now: datetime, percent: int, every_days: int
) -> bool:
    """Whether to ask this person about this record: sampled by its number, once per person per so many days."""
    if int(hashlib.sha256(number.encode()).hexdigest(), 16) % 100 >= percent:
        return False
    return not await asked_lately(connection, person, now, every_days)


async def asked_lately(connection: AsyncConnection, person: str, now: datetime, every_days: int) -> bool:
    """Whether a survey was sent to the person within so many days before ``now``."""
    since = now - timedelta(days=every_days)
    sent = select(survey.c.number).where(survey.c.person == person, survey.c.sent_at > since)
    return await connection.scalar(sent.limit(1)) is not None


async def one_survey_at_a_time(connection: AsyncConnection, person: str) -> None:
    """Nobody else sends the person a survey until the end of the transaction: what is read next, stays so."""
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"survey {person}", 0))))
