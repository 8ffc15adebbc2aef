"""What must hold when everything is up again: records, workflows, audit, votes, numbers and the world outside."""

import asyncio
from collections import Counter
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio.client import Client

from steadydesk.policies.audit import GENESIS, seal
from steadydesk.records.tables.approval import vote
from steadydesk.records.tables.effect import effect
from steadydesk.records.tables.journal import audit
from steadydesk.records.tables.process import process, record, reservation
from tests.faults.outside import MADE, Outside
from tests.faults.story import STEPS, Story

REQUESTS = 'ExecutionStatus="Running" AND WorkflowType="RequestWorkflow"'


async def until_quiet(engine: AsyncEngine, client: Client, seconds: float) -> None:
    """Until what nobody waits for has ended too, such as orders of clients who hung up; at most ``seconds``."""
    deadline = asyncio.get_running_loop().time() + seconds
    unopened = select(func.count()).select_from(reservation).where(reservation.c.opened_at.is_(None))
    still_open = select(func.count()).select_from(record).where(record.c.open)
    while asyncio.get_running_loop().time() < deadline:
        async with engine.connect() as connection:
            left = (await connection.scalar(unopened) or 0) + (await connection.scalar(still_open) or 0)
        if left == 0 and (await client.count_workflows(REQUESTS)).count == 0:
            return
        await asyncio.sleep(1)


async def check_records(connection: AsyncConnection) -> list[str]:
    """Every reservation was opened and has ended; documents, rows and audit chains say the same."""
    found: list[str] = []
    rows = (await connection.execute(select(record))).mappings().all()
    by_number = {row["number"]: row for row in rows}
    for number, opened_at in await connection.execute(select(reservation.c.number, reservation.c.opened_at)):
        if opened_at is None or number not in by_number:
            found.append(f"{number} was reserved and never opened")
    for number, version, document in await connection.execute(select(process)):
        row = by_number[number]
        if not (version == document["version"] == row["version"]):
            found.append(f"{number}: versions {version}, {document['version']} and {row['version']} differ")
        if row["open"] != (document.get("closed_at") is None):
            found.append(f"{number}: the row is {row['state']}, the document {document.get('state')}")
        found += await _check_chain(connection, number, document)
    parts = Counter(row["number"] for row in rows)
    found += [f"{number} stands {count} times" for number, count in parts.items() if count > 1]
    return found


async def _check_chain(connection: AsyncConnection, number: str, document: dict[str, Any]) -> list[str]:
    statement = select(audit).where(audit.c.number == number).order_by(audit.c.position)
    head, position, found = GENESIS, 0, list[str]()
    columns = ("number", "position", "event", "actor", "acting_for", "method", "at", "subject", "facts")
    for row in (await connection.execute(statement)).mappings():
        sealed = {name: row[name] for name in (*columns, "configuration")}
        position += 1
        if row["position"] != position or row["previous"] != head or row["hash"] != seal(head, **sealed):
            found.append(f"{number}: the audit chain breaks at {row['position']} ({row['event']})")
            break
        head = row["hash"]
    if not found and (document["audit_position"], document["audit_head"]) != (position, head):
        found.append(f"{number}: the audit ends at {position}, the document at {document['audit_position']}")
    return found


async def check_votes(connection: AsyncConnection) -> list[str]:
    """Nobody withdraws here, so each natural person has one row at a gate."""
    rows = await connection.execute(select(vote.c.gate, vote.c.natural_person))
    counts = Counter((row.gate, row.natural_person) for row in rows)
    return [f"{gate}: {person} voted {n} times" for (gate, person), n in counts.items() if n > 1]


async def check_workflows(connection: AsyncConnection, client: Client) -> list[str]:
    """An open record has a running workflow, a closed one has none."""
    running = {each.id async for each in client.list_workflows(REQUESTS)}
    found: list[str] = []
    for number, is_open in await connection.execute(
        select(record.c.number, record.c.open).where(record.c.number == record.c.owner)
    ):
        if is_open != (number in running):
            found.append(
                f"{number}: record {'open' if is_open else 'closed'}, workflow"
                f" {'running' if number in running else 'ended'}"
            )
    return found


async def check_ledger(connection: AsyncConnection, outside: Outside) -> list[str]:
    """Each key acted once outside, and the ledger knows of it."""
    acted = Counter(row.key for row in outside.rows)
    ledger = {row.key: row.state for row in await connection.execute(select(effect.c.key, effect.c.state))}
    found = [f"{key}: {count} effects outside" for key, count in acted.items() if count > 1]
    found += [f"{key}: an effect that the ledger does not know" for key in acted if key not in ledger]
    found += [
        f"{key}: done in the ledger, nothing outside"
        for key, state in ledger.items()
        if state == "done" and key not in acted
    ]
    return found


def check_outside(story: Story, line: str, state: str, outside: Outside) -> list[str]:
    """What was made stands where the order is complete, and nothing of it anywhere else."""
    wanted = 1 if state == "closed_complete" else 0
    found = [
        f"{line}/{step}: {standing} of it stand outside after {state}, expected {wanted}"
        for step in STEPS[story.item]
        if (standing := outside.standing(line, step)) != wanted
    ]
    made = Counter(row.step for row in outside.rows if row.line == line and row.kind == MADE)
    return found + [f"{line}/{step}: made {count} times" for step, count in made.items() if count > 1]
