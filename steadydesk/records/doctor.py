"""Whether the records agree with themselves: document, rows, votes, audit, organisation. Reads only."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import DateTime, Row, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.base import RecordDocument
from steadydesk.contracts.grant import GrantProcess
from steadydesk.contracts.numbers import RecordKind, kind_of
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.request import RequestProcess
from steadydesk.policies.agenda import agenda_of
from steadydesk.policies.doctor import (
    CastVote,
    Expected,
    Symptom,
    check_gates,
    check_waits,
    differing,
    gates_of,
    rows_of,
)
from steadydesk.policies.given_sight import Given, taken_back
from steadydesk.policies.grant import grant_agenda
from steadydesk.records import configuration
from steadydesk.records.audit import ChainHead
from steadydesk.records.tables.approval import gate, vote
from steadydesk.records.tables.journal import audit
from steadydesk.records.tables.process import process, record, sight

_BATCH = 500
_VOTED = "gate.voted"
_DOCUMENTS: dict[RecordKind, type[RecordDocument]] = {
    RecordKind.REQUEST: RequestProcess,
    RecordKind.GRANT: GrantProcess,
}


@dataclass
class Examined:
    """``wanted`` are the numbers whose workflow must run; ``ended`` those whose process owes nothing any more."""

    symptoms: list[Symptom] = field(default_factory=list)
    wanted: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    updated: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class _Batch:
    """Everything in the tables about some processes, by process or gate."""

    rows: dict[str, dict[str, Row[Any]]]
    gates: dict[str, dict[str, Row[Any]]]
    votes: dict[str, list[CastVote]]
    heads: dict[str, ChainHead]
    audited: dict[str, int]
    sights: dict[str, list[Row[Any]]]


async def examine(connection: AsyncConnection, now: datetime, closed_within: timedelta | None) -> Examined:
    """Every open process, and those closed lately (None: all). One snapshot is needed: REPEATABLE READ."""
    found = Examined()
    async for batch in _batches(connection, now, closed_within):
        tables = await _read(connection, [row.number for row in batch], now)
        for row in batch:
            await _examine_one(connection, row, tables, now, found)
    return found


async def _examine_one(
    connection: AsyncConnection, row: Row[Any], tables: _Batch, now: datetime, found: Examined
) -> None:
    kind = kind_of(row.number)
    model = _DOCUMENTS.get(kind) if kind else None
    if model is None:
        return
    try:
        document = model.model_validate(row.document)
    except ValueError as error:
        found.symptoms.append(Symptom("document", row.number, f"its document cannot be read: {error}"))
        return
    found.updated[row.number] = document.updated_at
    resolved = await configuration.get(connection, document.configuration)
    found.symptoms += _symptoms(document, row.version, tables, resolved.organisation)
    agenda = (
        agenda_of(document, resolved.organisation, resolved.calendars, now)
        if isinstance(document, RequestProcess)
        else grant_agenda(_grant(document), resolved.organisation, resolved.calendars, now)
    )
    (found.ended if agenda.closed else found.wanted).add(document.number)


def _grant(document: RecordDocument) -> GrantProcess:
    assert isinstance(document, GrantProcess)
    return document


def _symptoms(
    document: RecordDocument, version: int, tables: _Batch, organisation: Organisation
) -> list[Symptom]:
    number = document.number
    symptoms = differing(rows_of(document), _expected(tables.rows.get(number, {})), number, "row")
    head = tables.heads.get(number, ChainHead())
    if document.version != version:
        symptoms.append(Symptom("version", number, f"row {version}, document {document.version}"))
    if head.position != document.audit_position or (head.position and head.hash != document.audit_head):
        words = f"the audit ends at {head.position}, the document knows {document.audit_position}"
        symptoms.append(Symptom("audit", number, words))
    symptoms += _sights(document, tables.rows.get(number, {}), tables.sights.get(number, []))
    if isinstance(document, RequestProcess):
        symptoms += differing(gates_of(document), _expected(tables.gates.get(number, {})), number, "gate")
        symptoms += check_gates(document, organisation, tables.votes, tables.audited)
        symptoms += check_waits(document)
    return symptoms


def _sights(
    document: RecordDocument, rows: dict[str, Row[Any]], sights: Sequence[Row[Any]]
) -> Iterator[Symptom]:
    number, row = document.number, rows.get(document.number)
    places = {(one.open, one.changed_at) for one in sights}
    if row is not None and places - {(document.closed_at is None, row.updated_at)}:
        yield Symptom("sight", number, "lists show it in another place than by its last change")
    assert isinstance(document, RequestProcess | GrantProcess)
    given = [Given(one.subject, one.why) for one in sights if one.holds]
    tasks = [one for one in rows.values() if one.kind == RecordKind.TASK.value and one.assignment_group]
    for one in taken_back(document, given, {task.assignment_group for task in tasks}):
        yield Symptom(
            "sight", number, f"{one.subject} sees it as {one.why}, though it is restricted to others"
        )


def _expected(rows: dict[str, Row[Any]]) -> Expected:
    return {number: row._asdict() for number, row in rows.items()}


async def _batches(
    connection: AsyncConnection, now: datetime, closed_within: timedelta | None
) -> AsyncIterator[Sequence[Any]]:
    """Processes by number; keyset, so that other queries can run in between."""
    closed_at = process.c.document["closed_at"].astext.cast(DateTime(timezone=True))
    after = ""
    while True:
        query = select(process.c.number, process.c.version, process.c.document).where(
            process.c.number > after
        )
        if closed_within is not None:
            query = query.where(or_(closed_at.is_(None), closed_at > now - closed_within))
        rows = (await connection.execute(query.order_by(process.c.number).limit(_BATCH))).all()
        if not rows:
            return
        yield rows
        after = rows[-1].number


async def _read(connection: AsyncConnection, numbers: Sequence[str], now: datetime) -> _Batch:
    rows: dict[str, dict[str, Row[Any]]] = defaultdict(dict)
    for row in await connection.execute(select(record).where(record.c.owner.in_(numbers))):
        rows[row.owner][row.number] = row
    gates: dict[str, dict[str, Row[Any]]] = defaultdict(dict)
    for row in await connection.execute(select(gate).where(gate.c.owner.in_(numbers))):
        gates[row.owner][row.id] = row
    votes: dict[str, list[CastVote]] = defaultdict(list)
    ids = [one for of_owner in gates.values() for one in of_owner]
    for row in await connection.execute(select(vote).where(vote.c.gate.in_(ids)).order_by(vote.c.seq)):
        votes[row.gate].append(CastVote(row.natural_person, row.voter, row.decision))
    heads = await _heads(connection, numbers)
    sights: dict[str, list[Row[Any]]] = defaultdict(list)
    holds = or_(sight.c.until.is_(None), sight.c.until > now).label("holds")
    for row in await connection.execute(select(sight, holds).where(sight.c.number.in_(numbers))):
        sights[row.number].append(row)
    return _Batch(rows, gates, votes, heads, await _audited_votes(connection, numbers), sights)


async def _heads(connection: AsyncConnection, numbers: Sequence[str]) -> dict[str, ChainHead]:
    ends = select(audit.c.number, func.max(audit.c.position).label("position"))
    last = ends.where(audit.c.number.in_(numbers)).group_by(audit.c.number).subquery()
    joined = select(audit.c.number, audit.c.position, audit.c.hash).join(
        last, (last.c.number == audit.c.number) & (last.c.position == audit.c.position)
    )
    return {row[0]: ChainHead(row[1], row[2]) for row in await connection.execute(joined)}


async def _audited_votes(connection: AsyncConnection, numbers: Sequence[str]) -> dict[str, int]:
    """How many votes the audit tells of, by gate."""
    counted = select(audit.c.subject, func.count()).where(
        audit.c.number.in_(numbers), audit.c.event == _VOTED
    )
    return {row[0]: row[1] for row in await connection.execute(counted.group_by(audit.c.subject))}
