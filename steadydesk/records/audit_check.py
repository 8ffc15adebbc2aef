"""A quick look at the audit while everything runs: the chains of some numbers, on one snapshot, within limits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from steadydesk.policies.anchor import Statement
from steadydesk.records import anchors
from steadydesk.records.audit_verify import Finding, Verdict, verify
from steadydesk.records.tables.journal import audit
from steadydesk.records.views.trouble import Sighting, sightings
from steadydesk.records.views.visibility import Viewer

MOST_ROWS = 5_000
MOST_CHAINS = 200
LATELY = timedelta(days=1)


@dataclass(frozen=True)
class Checked:
    """What recomputing gave. ``number`` is the chain that was asked for, None for those of the last day; the
    faults are those of records that the viewer may know of or not, then without their number.
    """

    number: str | None
    chains: int
    rows: int
    faults: list[tuple[Finding, Sighting]]
    complete: bool = True
    """Whether all chains of the last day were looked at, or only ``MOST_CHAINS``."""


async def check_one(engine: AsyncEngine, viewer: Viewer, number: str) -> Checked | None:
    """The chain of a record's process; None for a record that is not there, or not for the viewer to know."""
    async with _snapshot(engine).connect() as connection:
        found = (await sightings(connection, viewer, [number]))[number]
        if found.number is None or found.owner is None:
            return None
        verdict = await verify(connection, [found.owner])
        return Checked(found.owner, verdict.chains, verdict.rows, await _faults(connection, viewer, verdict))


async def check_lately(engine: AsyncEngine, viewer: Viewer, now: datetime) -> Checked:
    """The chains that grew within the last day: at most ``MOST_CHAINS``, of the newest ``MOST_ROWS`` rows."""
    newest = select(audit.c.number, audit.c.at).order_by(audit.c.seq.desc()).limit(MOST_ROWS)
    async with _snapshot(engine).connect() as connection:
        rows = (await connection.execute(newest)).all()
        lately = [row.number for row in rows if row.at > now - LATELY]
        numbers = list(dict.fromkeys(lately))
        complete = len(lately) < MOST_ROWS and len(numbers) <= MOST_CHAINS
        verdict = await verify(connection, numbers[:MOST_CHAINS])
        faults = await _faults(connection, viewer, verdict)
    return Checked(None, verdict.chains, verdict.rows, faults, complete)


async def last_statement(connection: AsyncConnection) -> Statement | None:
    """What was signed last of the chains' heads; None before the first time."""
    last = await anchors.last_anchor(connection)
    return last.statement if last else None


async def _faults(
    connection: AsyncConnection, viewer: Viewer, verdict: Verdict
) -> list[tuple[Finding, Sighting]]:
    if not verdict.findings:
        return []
    seen = await sightings(connection, viewer, [finding.number for finding in verdict.findings])
    return [(finding, seen[finding.number]) for finding in verdict.findings]


def _snapshot(engine: AsyncEngine) -> AsyncEngine:
    return engine.execution_options(isolation_level="REPEATABLE READ")
