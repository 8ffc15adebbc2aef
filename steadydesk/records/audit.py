"""Append rows to a record's audit chain. The service's role can insert here and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.policies.audit import GENESIS, seal
from steadydesk.records.tables.journal import audit


@dataclass(frozen=True)
class ChainHead:
    """Where a record's chain ends: its last position and hash."""

    position: int = 0
    hash: str = GENESIS


@dataclass(frozen=True)
class Doing:
    """What all rows of one write share."""

    number: str
    actor: str
    acting_for: str | None
    method: str
    at: datetime
    configuration: str | None = None
    run: str | None = None


Entry = tuple[str, str | None, Mapping[str, Any]]
"""Event, subject and facts."""


async def append(
    connection: AsyncConnection, head: ChainHead, doing: Doing, entries: Sequence[Entry]
) -> ChainHead:
    """Chain the entries to ``head`` in their order; the new head."""
    head, rows = chain(head, doing, entries)
    if rows:
        await connection.execute(insert(audit), rows)
    return head


def chain(head: ChainHead, doing: Doing, entries: Sequence[Entry]) -> tuple[ChainHead, list[dict[str, Any]]]:
    """The new head and the rows to write, in their order."""
    rows: list[dict[str, Any]] = []
    for event, subject, facts in entries:
        sealed = {
            "number": doing.number,
            "position": head.position + 1,
            "event": event,
            "actor": doing.actor,
            "acting_for": doing.acting_for,
            "method": doing.method,
            "at": doing.at,
            "subject": subject,
            "facts": dict(facts),
            "configuration": doing.configuration,
        }
        digest = seal(head.hash, **sealed)
        rows.append({**sealed, "workflow_run": doing.run, "previous": head.hash, "hash": digest})
        head = ChainHead(head.position + 1, digest)
    return head, rows
