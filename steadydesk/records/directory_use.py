"""What a group is needed for: open work, open approvals, and the places of the configuration in force that name it."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.configuration.mentions import Noun, mentions
from steadydesk.errors import Problem
from steadydesk.records.ownership import present_organisation
from steadydesk.records.tables.approval import approver, gate
from steadydesk.records.tables.process import record

_MOST_NAMED = 20


async def uses_of(connection: AsyncConnection, key: str, pointer: str) -> list[Problem]:
    """A problem for each use of the group; open records are counted, since their keeper may not see them."""
    counts = {
        "open records or tasks are given to it": await _records(connection, key),
        "open approvals ask its members": await _approvals(connection, key),
    }
    problems = [Problem(pointer, f"'{key}': {count} {what}") for what, count in counts.items() if count]
    paths = await _paths(connection, key)
    problems += [
        Problem(pointer, f"'{key}': the configuration names it at {path}") for path in paths[:_MOST_NAMED]
    ]
    if len(paths) > _MOST_NAMED:
        more = len(paths) - _MOST_NAMED
        problems.append(Problem(pointer, f"'{key}': the configuration names it at {more} more places"))
    return problems


async def _records(connection: AsyncConnection, key: str) -> int:
    query = select(func.count()).where(record.c.open, record.c.assignment_group == key)
    return await connection.scalar(query) or 0


async def _approvals(connection: AsyncConnection, key: str) -> int:
    asked = approver.c.capacity == f"group:{key}"
    query = select(func.count(approver.c.gate.distinct())).join(gate, gate.c.id == approver.c.gate)
    return await connection.scalar(query.where(asked, gate.c.closed_at.is_(None))) or 0


async def _paths(connection: AsyncConnection, key: str) -> list[str]:
    organisation = await present_organisation(connection)
    if organisation is None:
        return []
    named = (one.path for one in mentions(organisation) if one.noun is Noun.GROUP and one.name == key)
    return [".".join(str(step) for step in path) for path in named]
