"""What somebody with all rights over the database can do to the audit, and that each of it is found and named.

Every test does its damage in a transaction of the database's owner that is rolled back.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from steadydesk.policies.anchor import Anchor, AnchorFault
from steadydesk.policies.audit import GENESIS, seal
from steadydesk.records import anchors
from steadydesk.records.anchor_files import line_of, read_anchors, write_anchor
from steadydesk.records.anchor_keys import AnchorKeys
from steadydesk.records.audit import ChainHead, Doing, append
from steadydesk.records.audit_verify import ChainFault, Verdict, Witness, verify
from steadydesk.records.engine import asyncpg_url
from steadydesk.records.tables.journal import anchor, audit
from steadydesk.records.tables.process import process
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.databases import migrated_database

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
KEYS = AnchorKeys.new()
NUMBERS = ("REQ0000001", "REQ0000002", "REQ0000003")
VICTIM = "REQ0000002"


@pytest.fixture(scope="module")
async def service_url(postgres: EmbeddedPostgres) -> str:
    return await migrated_database(postgres, "audit_proof")


@pytest.fixture(scope="module")
async def owner(postgres: EmbeddedPostgres, service_url: str) -> AsyncIterator[AsyncEngine]:
    assert service_url
    engine = create_async_engine(asyncpg_url(postgres.url("audit_proof")))
    yield engine
    await engine.dispose()


@pytest.fixture
async def connection(owner: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """The owner's transaction with three records of six rows, the last two of which came after the first anchor."""
    async with owner.connect() as opened:
        transaction = await opened.begin()
        for number in NUMBERS:
            await write_rows(opened, number, ChainHead(), 4)
        yield opened
        await transaction.rollback()


async def write_rows(
    connection: AsyncConnection, number: str, head: ChainHead, count: int, actor: str = "p_aaaaaaaaaaaa"
) -> ChainHead:
    doing = Doing(number, actor, None, "token", NOW, configuration="c1")
    entries = [
        ("gate.voted", f"{number}-G1", {"decision": "approved", "seq": head.position + place, "amount": 12.5})
        for place in range(count)
    ]
    new = await append(connection, head, doing, entries)
    document = {"audit_position": new.position, "audit_head": new.hash}
    await connection.execute(delete(process).where(process.c.number == number))
    await connection.execute(insert(process).values(number=number, version=1, document=document))
    return new


async def head_of(connection: AsyncConnection, number: str) -> ChainHead:
    rows = await connection.execute(
        select(audit.c.position, audit.c.hash)
        .where(audit.c.number == number)
        .order_by(audit.c.position.desc())
    )
    return ChainHead(*rows.first() or ())


async def anchor_twice(connection: AsyncConnection) -> list[Anchor]:
    """An anchor over four rows of each record, two rows more, and another anchor."""
    assert KEYS.private
    first = await anchors.seal(connection, KEYS.private, NOW)
    for number in NUMBERS:
        await write_rows(connection, number, await head_of(connection, number), 2)
    return [first, await anchors.seal(connection, KEYS.private, NOW + timedelta(hours=1))]


def witness(outside: Sequence[Anchor]) -> Witness:
    return Witness(outside, KEYS.public, NOW + timedelta(days=1))


def named(verdict: Verdict) -> list[tuple[str, str, int]]:
    return [(finding.fault.value, finding.number, finding.position) for finding in verdict.findings]


async def forget_in_document(connection: AsyncConnection, number: str) -> None:
    """A thorough attacker also writes the document as if its chain ended where it does now."""
    head = await head_of(connection, number)
    await connection.execute(
        update(process)
        .where(process.c.number == number)
        .values(document={"audit_position": head.position, "audit_head": head.hash})
    )


async def rewrite(connection: AsyncConnection, number: str, position: int, **other: Any) -> None:
    """Change one row and seal it and everything after it anew, as the program would have."""
    rows = (
        await connection.execute(select(audit).where(audit.c.number == number).order_by(audit.c.position))
    ).mappings()
    previous = GENESIS
    for row in rows:
        values = dict(row) | (other if row["position"] == position else {})
        columns = ("number", "position", "event", "actor", "acting_for", "method", "at", "subject", "facts")
        digest = seal(previous, **{name: values[name] for name in (*columns, "configuration")})
        await connection.execute(
            update(audit)
            .where(audit.c.seq == row["seq"])
            .values(**other if row["position"] == position else {}, previous=previous, hash=digest)
        )
        previous = digest


async def test_untouched_rows_are_proven(connection: AsyncConnection) -> None:
    outside = await anchor_twice(connection)
    verdict = await verify(connection, None, witness(outside))
    assert (verdict.chains, verdict.rows, verdict.findings, verdict.anchors) == (3, 18, [], 2)


async def test_a_flipped_byte_is_named(connection: AsyncConnection) -> None:
    await connection.execute(
        update(audit)
        .where(audit.c.number == VICTIM, audit.c.position == 3)
        .values(facts=text("""jsonb_set(facts, '{decision}', '"approveD"')"""))
    )
    assert named(await verify(connection)) == [(ChainFault.ALTERED, VICTIM, 3)]


@pytest.mark.parametrize(
    "change",
    [
        {"event": "gate.closed"},
        {"actor": "p_bbbbbbbbbbbb"},
        {"acting_for": "p_bbbbbbbbbbbb"},
        {"method": "session"},
        {"at": NOW + timedelta(microseconds=1)},
        {"subject": "REQ0000002-G2"},
        {"configuration": None},
    ],
)
async def test_every_column_is_sealed(connection: AsyncConnection, change: dict[str, Any]) -> None:
    await connection.execute(
        update(audit).where(audit.c.number == VICTIM, audit.c.position == 2).values(**change)
    )
    assert named(await verify(connection, [VICTIM])) == [(ChainFault.ALTERED, VICTIM, 2)]


async def test_a_removed_row_is_named(connection: AsyncConnection) -> None:
    await connection.execute(delete(audit).where(audit.c.number == VICTIM, audit.c.position == 2))
    assert named(await verify(connection)) == [(ChainFault.GAP, VICTIM, 2)]


async def test_a_moved_row_is_named(connection: AsyncConnection) -> None:
    await connection.execute(
        update(audit).where(audit.c.number == VICTIM, audit.c.position == 4).values(previous="f" * 64)
    )
    found = named(await verify(connection))
    assert (ChainFault.BROKEN, VICTIM, 4) in found
    assert {number for _, number, _ in found} == {VICTIM}


async def test_a_consistently_rewritten_chain_is_named_by_its_anchor(connection: AsyncConnection) -> None:
    outside = await anchor_twice(connection)
    await rewrite(connection, VICTIM, 2, facts={"decision": "rejected"})
    await forget_in_document(connection, VICTIM)
    assert (await verify(connection)).findings == []
    assert named(await verify(connection, None, witness(outside))) == [(ChainFault.REWRITTEN, VICTIM, 6)]


async def test_a_rewritten_chain_that_grew_since_is_named(connection: AsyncConnection) -> None:
    outside = await anchor_twice(connection)
    await rewrite(connection, VICTIM, 2, actor="p_bbbbbbbbbbbb")
    await write_rows(connection, VICTIM, await head_of(connection, VICTIM), 3)
    assert named(await verify(connection, [VICTIM], witness(outside))) == [(ChainFault.REWRITTEN, VICTIM, 6)]


async def test_a_removed_record_is_named(connection: AsyncConnection) -> None:
    outside = await anchor_twice(connection)
    await connection.execute(delete(audit).where(audit.c.number == VICTIM))
    assert named(await verify(connection)) == [(ChainFault.REMOVED, VICTIM, 1)]
    await connection.execute(delete(process).where(process.c.number == VICTIM))
    assert (await verify(connection)).findings == []
    assert named(await verify(connection, None, witness(outside))) == [(ChainFault.REMOVED, VICTIM, 1)]


async def test_a_cut_tail_is_named(connection: AsyncConnection) -> None:
    outside = await anchor_twice(connection)
    await connection.execute(delete(audit).where(audit.c.number == VICTIM, audit.c.position > 3))
    assert named(await verify(connection)) == [(ChainFault.CUT, VICTIM, 4)]
    await forget_in_document(connection, VICTIM)
    assert (await verify(connection)).findings == []
    assert named(await verify(connection, None, witness(outside))) == [(ChainFault.CUT, VICTIM, 4)]


async def test_a_tail_cut_and_grown_again_is_named(connection: AsyncConnection) -> None:
    outside = await anchor_twice(connection)
    await connection.execute(delete(audit).where(audit.c.number == VICTIM, audit.c.position > 3))
    await write_rows(connection, VICTIM, await head_of(connection, VICTIM), 5, actor="p_bbbbbbbbbbbb")
    assert named(await verify(connection, None, witness(outside))) == [(ChainFault.REWRITTEN, VICTIM, 6)]


async def test_a_removed_anchor_row_is_named(connection: AsyncConnection) -> None:
    outside = await anchor_twice(connection)
    await connection.execute(delete(anchor).where(anchor.c.at == NOW))
    found = (await verify(connection, None, witness(outside))).findings
    assert [(one.fault, one.number) for one in found] == [(AnchorFault.MISSING, "anchor 1")]
    assert "database" in found[0].words


async def test_an_anchor_that_the_sink_lost_is_named(connection: AsyncConnection) -> None:
    outside = await anchor_twice(connection)
    found = (await verify(connection, None, witness(outside[:1]))).findings
    assert [(one.fault, one.number, one.words) for one in found] == [
        (AnchorFault.MISSING, "anchor 2", "the sink does not have it")
    ]


async def test_an_anchor_on_its_way_is_not_missed(connection: AsyncConnection) -> None:
    outside = await anchor_twice(connection)
    soon = Witness(outside[:1], KEYS.public, NOW + timedelta(hours=1, minutes=5))
    assert (await verify(connection, None, soon)).findings == []


async def test_an_anchor_of_another_key_is_named_and_proves_nothing(connection: AsyncConnection) -> None:
    outside = await anchor_twice(connection)
    stranger = Witness(outside, AnchorKeys.new().public, NOW + timedelta(days=1))
    await connection.execute(delete(audit).where(audit.c.number == VICTIM))
    await connection.execute(delete(process).where(process.c.number == VICTIM))
    found = named(await verify(connection, None, stranger))
    assert found == [(AnchorFault.FORGED, "anchor 1", 0), (AnchorFault.FORGED, "anchor 2", 0)]


async def test_statements_alone_name_the_record_by_the_lists_of_the_database(
    connection: AsyncConnection, tmp_path: Path
) -> None:
    """What a log server kept has no room for the heads: their digest is held against the database's list."""
    outside = await anchor_twice(connection)
    log = tmp_path / "audit.log"
    log.write_text("".join(f"Nov 23 host steadydesk: {line_of(one)} #\n" for one in outside))
    statements = read_anchors(log)
    await rewrite(connection, VICTIM, 1, event="nothing.happened")
    await forget_in_document(connection, VICTIM)
    assert named(await verify(connection, None, witness(statements))) == [(ChainFault.REWRITTEN, VICTIM, 6)]
    await connection.execute(
        update(anchor).values(document=text("""jsonb_set(document, '{heads,1,2}', '"0"')"""))
    )
    found = named(await verify(connection, None, witness(statements)))
    assert found == [(AnchorFault.OTHER_HEADS, "anchor 1", 0), (AnchorFault.OTHER_HEADS, "anchor 2", 0)]


async def test_the_same_instant_is_one_anchor(connection: AsyncConnection) -> None:
    assert KEYS.private
    first = await anchors.seal(connection, KEYS.private, NOW)
    assert await anchors.seal(connection, KEYS.private, NOW) == first
    assert len(list(await connection.scalars(select(anchor.c.serial)))) == 1


async def test_a_settled_row_is_anchored_once(connection: AsyncConnection) -> None:
    assert KEYS.private
    await connection.execute(update(audit).values(written_at=text("now() - interval '11 minutes'")))
    first = await anchors.seal(connection, KEYS.private, NOW)
    await write_rows(connection, VICTIM, await head_of(connection, VICTIM), 1)
    second = await anchors.seal(connection, KEYS.private, NOW + timedelta(hours=1))
    third = await anchors.seal(connection, KEYS.private, NOW + timedelta(hours=2))
    assert [one.statement.records for one in (first, second, third)] == [3, 1, 1]
    assert second.statement.up_to == first.statement.up_to > 0


async def test_a_late_commit_of_a_lower_sequence_is_anchored(owner: AsyncEngine) -> None:
    """Its number was drawn before the anchor and its row is seen only after it."""
    assert KEYS.private
    async with owner.connect() as late, owner.connect() as early:
        slow = await late.begin()
        await write_rows(late, "REQ0000008", ChainHead(), 1)
        async with early.begin():
            await write_rows(early, "REQ0000009", ChainHead(), 1)
        async with early.begin():
            first = await anchors.seal(early, KEYS.private, NOW)
        await slow.commit()
        async with early.begin():
            second = await anchors.seal(early, KEYS.private, NOW + timedelta(hours=1))
        async with early.begin():
            for table in (anchor, audit, process):
                await early.execute(delete(table))
    assert [head.number for head in first.heads or []] == ["REQ0000009"]
    assert "REQ0000008" in [head.number for head in second.heads or []]


@pytest.mark.parametrize("table", ["audit", "anchor", "vote"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET at = now()", "DELETE FROM {}", "TRUNCATE {}", "ALTER TABLE {} ADD x int"]
)
async def test_the_service_cannot_change_what_proves(service_url: str, table: str, statement: str) -> None:
    engine = create_async_engine(asyncpg_url(service_url))
    try:
        async with engine.connect() as service:
            with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
                await service.execute(text(statement.format(table)))
    finally:
        await engine.dispose()


async def test_a_folder_of_anchors_is_written_once_and_read_back(
    connection: AsyncConnection, tmp_path: Path
) -> None:
    outside = await anchor_twice(connection)
    written = [write_anchor(tmp_path / "anchors", one) for one in (*outside, *outside)]
    assert {path.stat().st_mode & 0o777 for path in written} == {0o444}
    assert read_anchors(tmp_path / "anchors") == outside
