"""Rows of tasks that stand open although their process let them go: ended as its audit says that they ended."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.request import TaskState
from steadydesk.records.tables.journal import audit
from steadydesk.records.tables.process import record

_CLOSED = "task.closed"


async def end_lost_tasks(
    connection: AsyncConnection, owner: str, known: Collection[str], at: datetime
) -> None:
    """Every open task of the process ``owner`` that is not ``known`` to its document; what the audit does not tell of
    is cancelled at ``at``.
    """
    ours = (record.c.owner == owner) & (record.c.kind == RecordKind.TASK.value) & record.c.open
    lost = list(await connection.scalars(select(record.c.number).where(ours, record.c.number.not_in(known))))
    if not lost:
        return
    told = select(audit.c.subject, audit.c.facts["state"].astext, audit.c.at).where(
        audit.c.number == owner, audit.c.event == _CLOSED, audit.c.subject.in_(lost)
    )
    ends = {row[0]: (row[1], row[2]) for row in await connection.execute(told.order_by(audit.c.position))}
    for number in lost:
        state, closed_at = ends.get(number, (TaskState.CANCELLED.value, at))
        await connection.execute(
            update(record)
            .where(record.c.number == number)
            .values(state=state, open=False, waiting=[], closed_at=closed_at, updated_at=at)
        )
