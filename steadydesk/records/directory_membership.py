"""What follows when somebody is not in a group any more: its tasks that they have go back to its queue, and what is
restricted to it they watch no longer.
"""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.numbers import RecordKind
from steadydesk.records.directory_events import Author
from steadydesk.records.outbox import Message, post
from steadydesk.records.sights import end_watching
from steadydesk.records.tables.directory import person
from steadydesk.records.tables.process import record


async def hold_member(connection: AsyncConnection, person_id: str) -> None:
    """Nobody gives the person a task before the transaction ends, which is to find all of theirs. Belongs before the
    end of a membership.
    """
    held = select(person.c.id).where(person.c.id == person_id)
    await connection.execute(held.with_for_update(key_share=True))


async def membership_ended(
    connection: AsyncConnection, person_id: str, groups: Collection[str], author: Author
) -> None:
    """Tell each process where the person has an open task of one of the groups. Belongs into the transaction that
    took them out.
    """
    if not groups:
        return
    await end_watching(connection, person_id, author.at)
    found = await connection.execute(
        select(record.c.owner, record.c.assignment_group)
        .where(record.c.open, record.c.kind == RecordKind.TASK.value, record.c.assigned_to == person_id)
        .where(record.c.assignment_group.in_(groups))
        .distinct()
        .order_by(record.c.owner, record.c.assignment_group)
    )
    await post(connection, [_message(person_id, number, group, author) for number, group in found])


def _message(person_id: str, number: str, group: str, author: Author) -> Message:
    return Message(
        id=f"membership.ended:{person_id}:{group}:{number}:{author.at.isoformat()}",
        event="membership.ended",
        number=number,
        subject=person_id,
        audience=[],
        facts={"person": person_id, "group": group},
        at=author.at,
    )
