"""Prove the audit: recompute every chain from its rows, and hold its heads against documents and signed anchors."""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Integer, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.policies.anchor import Anchor, AnchorFault, Head, faults_of, heads_digest, is_signed
from steadydesk.policies.audit import GENESIS, seal
from steadydesk.records import anchors
from steadydesk.records.tables.journal import audit
from steadydesk.records.tables.process import process

PUBLISHED_WITHIN = timedelta(minutes=10)
"""A younger anchor may be on its way to the sink still."""

_SEALED = (
    audit.c.number,
    audit.c.position,
    audit.c.event,
    audit.c.actor,
    audit.c.acting_for,
    audit.c.method,
    audit.c.at,
    audit.c.subject,
    audit.c.facts,
    audit.c.configuration,
)


class ChainFault(StrEnum):
    ALTERED = "row_altered"
    """A row's contents do not give its hash."""
    BROKEN = "chain_broken"
    """A row does not continue the one before it."""
    GAP = "row_missing"
    CUT = "tail_cut"
    """The chain ends before the position that the document or an anchor knows."""
    REMOVED = "record_removed"
    REWRITTEN = "chain_rewritten"
    """Consistent in itself, but not what was anchored or what the document was written with."""


class Finding(NamedTuple):
    """``number`` is the record or, for a fault of an anchor, ``anchor <serial>``."""

    fault: ChainFault | AnchorFault
    number: str
    position: int
    words: str


@dataclass
class Chain:
    """What recomputing one chain gave: its head, the hashes of the positions that were asked for, its faults."""

    number: str
    position: int = 0
    hash: str = GENESIS
    wanted: frozenset[int] = frozenset()
    hashes: dict[int, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, row: Any) -> None:
        """Judge the next row; the chain goes on from what the row itself says, so that one fault is told once."""
        expected = self.position + 1
        if row.position != expected:
            self._find(ChainFault.GAP, expected, f"rows {expected} to {row.position - 1} are missing")
        elif row.previous != self.hash:
            self._find(ChainFault.BROKEN, row.position, "it does not continue the row before it")
        sealed = {column.name: getattr(row, column.name) for column in _SEALED}
        if seal(row.previous, **sealed) != row.hash:
            self._find(ChainFault.ALTERED, row.position, "its contents do not give its hash")
        self.position, self.hash = row.position, row.hash
        if row.position in self.wanted:
            self.hashes[row.position] = row.hash

    def _find(self, fault: ChainFault, position: int, words: str) -> None:
        self.findings.append(Finding(fault, self.number, position, words))


@dataclass(frozen=True)
class Verdict:
    """``anchors`` and ``covered`` are None when no anchors were looked at."""

    chains: int
    rows: int
    findings: list[Finding]
    anchors: int | None = None
    covered: int | None = None


@dataclass(frozen=True)
class Witness:
    """What stands outside of the database: the anchors of a sink, and the keys that check them."""

    anchors: Sequence[Anchor]
    public_keys: Mapping[str, bytes]
    now: datetime


async def verify(
    connection: AsyncConnection, numbers: Collection[str] | None = None, witness: Witness | None = None
) -> Verdict:
    """Recompute the chains of ``numbers``, or all; hold their heads against the documents and, if given, the witness.

    One snapshot is needed: on a running system the transaction must be REPEATABLE READ.
    """
    findings, heads = await _testimony(connection, numbers, witness) if witness else ([], {})
    documents = await _document_heads(connection, numbers)
    chains = rows = 0
    async for chain in _chains(connection, numbers, _positions(documents, heads)):
        chains, rows = chains + 1, rows + chain.position
        findings += chain.findings
        findings += _against(chain, heads.pop(chain.number, None), "the signed anchor")
        findings += _against(chain, documents.pop(chain.number, None), "its document")
    findings += _removed(heads, documents)
    if witness is None:
        return Verdict(chains, rows, _each_once(findings))
    covered = witness.anchors[-1].statement.up_to if witness.anchors else 0
    return Verdict(chains, rows, _each_once(findings), len(witness.anchors), covered)


def _against(chain: Chain, head: Head | None, witness: str) -> Iterator[Finding]:
    if head is None:
        return
    if chain.position < head.position:
        words = f"it ends at {chain.position}, and {witness} knows {head.position}"
        yield Finding(ChainFault.CUT, chain.number, chain.position + 1, words)
    elif chain.hashes.get(head.position) not in (None, head.hash) and not chain.findings:
        words = f"row {head.position} is not the one that {witness} knows"
        yield Finding(ChainFault.REWRITTEN, chain.number, head.position, words)


def _removed(*witnesses: Mapping[str, Head]) -> Iterator[Finding]:
    for number in sorted({name for witness in witnesses for name in witness}):
        yield Finding(ChainFault.REMOVED, number, 1, "no row of its chain is left")


def _each_once(findings: Iterable[Finding]) -> list[Finding]:
    """Two witnesses of one fault are one finding."""
    known: dict[tuple[str, str, int], Finding] = {}
    for finding in findings:
        known.setdefault((finding.fault, finding.number, finding.position), finding)
    return list(known.values())


async def _testimony(
    connection: AsyncConnection, numbers: Collection[str] | None, witness: Witness
) -> tuple[list[Finding], dict[str, Head]]:
    """What is wrong with the anchors, and the last signed head of each chain."""
    inside = {one.statement.serial: one async for one in anchors.stored_anchors(connection)}
    findings = [
        Finding(fault, f"anchor {serial}", 0, words)
        for fault, serial, words in faults_of(witness.anchors, witness.public_keys)
    ]
    findings += _between(witness, inside)
    heads: dict[str, Head] = {}
    for anchor in witness.anchors:
        if not is_signed(anchor, witness.public_keys):
            continue
        listed = _listed(anchor, inside)
        if listed is not None and heads_digest(listed) == anchor.statement.heads:
            heads |= {head.number: head for head in listed if numbers is None or head.number in numbers}
        elif listed is not None:
            findings.append(_other_heads(anchor))
    return findings, heads


def _listed(anchor: Anchor, inside: Mapping[int, Anchor]) -> list[Head] | None:
    """Where the sink keeps statements alone, the database's list of heads is held against their digest."""
    if anchor.heads is not None:
        return anchor.heads
    stored = inside.get(anchor.statement.serial)
    return stored.heads if stored else None


def _other_heads(anchor: Anchor) -> Finding:
    words = "its heads are not those that were signed"
    return Finding(AnchorFault.OTHER_HEADS, f"anchor {anchor.statement.serial}", 0, words)


def _between(witness: Witness, inside: Mapping[int, Anchor]) -> Iterator[Finding]:
    """Where the sink and the database do not have the same anchors."""
    signed = {one.statement.serial: one.statement for one in witness.anchors}
    for serial in sorted(signed.keys() - inside.keys()):
        yield Finding(AnchorFault.MISSING, f"anchor {serial}", 0, "its row was removed from the database")
    for serial in sorted(inside.keys() - signed.keys()):
        if witness.now - inside[serial].statement.at > PUBLISHED_WITHIN:
            yield Finding(AnchorFault.MISSING, f"anchor {serial}", 0, "the sink does not have it")
    for serial in sorted(signed.keys() & inside.keys()):
        if signed[serial] != inside[serial].statement:
            words = "the database has another one than the sink"
            yield Finding(AnchorFault.FORGED, f"anchor {serial}", 0, words)


async def _document_heads(connection: AsyncConnection, numbers: Collection[str] | None) -> dict[str, Head]:
    """Position and hash that each process's document was last written with."""
    position = process.c.document["audit_position"].astext.cast(Integer)
    query = select(process.c.number, position, process.c.document["audit_head"].astext).where(position > 0)
    if numbers is not None:
        query = query.where(process.c.number.in_(numbers))
    return {row[0]: Head(*row) for row in await connection.execute(query)}


def _positions(*witnesses: Mapping[str, Head]) -> dict[str, frozenset[int]]:
    return {
        name: frozenset(witness[name].position for witness in witnesses if name in witness)
        for name in {name for witness in witnesses for name in witness}
    }


async def _chains(
    connection: AsyncConnection, numbers: Collection[str] | None, wanted: Mapping[str, frozenset[int]]
) -> AsyncIterator[Chain]:
    """Each chain in turn, from rows that are never all in memory."""
    query = select(*_SEALED, audit.c.previous, audit.c.hash).order_by(audit.c.number, audit.c.position)
    if numbers is not None:
        query = query.where(audit.c.number.in_(numbers))
    chain: Chain | None = None
    async with connection.stream(query, execution_options={"yield_per": 1_000}) as rows:
        async for row in rows:
            if chain is None or chain.number != row.number:
                if chain is not None:
                    yield chain
                chain = Chain(row.number, wanted=wanted.get(row.number, frozenset()))
            chain.add(row)
    if chain is not None:
        yield chain
