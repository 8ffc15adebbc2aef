"""What a restricted record showed to people outside of it before its rules forbade that: taken back."""

from typing import Any

from sqlalchemy import or_, select

from activities.work import Work
from steadydesk.contracts.numbers import RecordKind
from steadydesk.policies.given_sight import Given, taken_back
from steadydesk.policies.rights import Relation
from steadydesk.records.tables.process import record, sight


async def take_back_sight(work: Work[Any]) -> None:
    """End each row of sight that the record does not give; the audit says which."""
    number = work.process.number
    if not work.process.restricted_to:
        return
    holds = or_(sight.c.until.is_(None), sight.c.until > work.at)
    shown = select(sight.c.subject, sight.c.why).where(sight.c.number == number, holds)
    rows = [Given(*row) for row in await work.connection.execute(shown)]
    tasks = select(record.c.assignment_group).where(
        record.c.owner == number, record.c.kind == RecordKind.TASK.value
    )
    groups = [group for group in await work.connection.scalars(tasks) if group is not None]
    for row in taken_back(work.process, rows, groups):
        work.hide_from(row.subject, Relation(row.why))
        work.note("sight.taken-back", number, seen_by=row.subject, why=row.why)
