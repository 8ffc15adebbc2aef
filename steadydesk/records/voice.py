"""Surveys: who is asked, and how seldom."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.records.tables.voice import feedback, survey


async def may_survey(
    connection: AsyncConnection, number: str, person: str, now: datetime, percent: int, every_days: int
) -> bool:
    """Whether to ask this person about this record: sampled by its number, once per person per so many days."""
    if int(hashlib.sha256(number.encode()).hexdigest(), 16) % 100 >= percent:
        return False
    since = now - timedelta(days=every_days)
    asked = await connection.scalar(
        select(survey.c.number).where(survey.c.person == person, survey.c.sent_at > since).limit(1)
    )
    return asked is None


async def write_feedback(
    connection: AsyncConnection, identity: str, kind: str, number: str, person: str, text: str, now: datetime
) -> None:
    """Keep a suggestion or complaint with the record that it is about."""
    await connection.execute(
        insert(feedback).values(id=identity, kind=kind, number=number, person=person, text=text, at=now)
    )
