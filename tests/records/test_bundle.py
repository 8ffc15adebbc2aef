"""What one transition writes: all of it or nothing, in order, and no row twice."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from steadydesk.contracts.delivery import Message
from steadydesk.records import bundle
from steadydesk.records.audit import ChainHead, Doing, chain
from steadydesk.records.bundle import Bundle
from steadydesk.records.engine import make_engine
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.journal import audit
from steadydesk.records.tables.process import process, record, sight, step_result
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.databases import migrated_database

NOW = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture(scope="module")
async def engine(postgres: EmbeddedPostgres) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(await migrated_database(postgres, "bundle"))
    yield engine
    await engine.dispose()


def row(number: str, **more: Any) -> dict[str, Any]:
    values = {
        "number": number,
        "kind": "REQ",
        "owner": number,
        "state": "open",
        "phase": "open",
        "open": True,
        "short_description": {"en": "Größe 'x' \"y\" \\ :z"},
        "amount": 1234.56,
        "opened_by": "p_a",
        "caller": "p_b",
        "priority": 3,
        "late": False,
        "restricted": False,
        "waiting": [],
        "due_at": NOW,
        "opened_at": NOW,
        "updated_at": NOW,
        "version": 1,
    }
    return values | more


def seen(subject: str, why: str, begins_at: datetime | None = None) -> dict[str, Any]:
    return {"subject": subject, "number": "REQ1", "why": why, "begins_at": begins_at, "until": None}


def whole(number: str) -> Bundle:
    _, entries = chain(
        ChainHead(),
        Doing(number, "p_a", None, "token", NOW),
        [("a", None, {"n": 1}), ("b", "x", {}), ("c", None, {})],
    )
    messages = [
        Message(id=f"{number}:{place}", event="request.opened", number=number, audience=["p:p_a"], at=NOW)
        for place in (2, 0, 1)
    ]
    return Bundle(
        number=number,
        step="open",
        version=1,
        at=NOW,
        document='{"version": 1, "words": "it\'s"}',
        result='{"said": null}',
        new=True,
        records=[row(number)],
        audit=entries,
        sights=[seen("p:p_a", "requester"), seen("p:p_a", "requester", NOW), seen("g:it", "requester")],
        messages=messages,
    )


async def rows(engine: AsyncEngine, table: Table, number: str) -> list[Any]:
    async with engine.connect() as connection:
        return list((await connection.execute(select(table).where(table.c.number == number))).all())


async def test_everything_is_written_as_it_was_given(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await bundle.write(connection, whole("REQ1"))
    [stored] = await rows(engine, record, "REQ1")
    assert stored.short_description == {"en": "Größe 'x' \"y\" \\ :z"}
    assert (float(stored.amount), stored.due_at, stored.closed_at) == (1234.56, NOW, None)
    [kept] = await rows(engine, process, "REQ1")
    assert (kept.version, kept.document) == (1, {"version": 1, "words": "it's"})
    chained = sorted(await rows(engine, audit, "REQ1"), key=lambda each: each.seq)
    assert [(each.position, each.event, each.facts) for each in chained] == [
        (1, "a", {"n": 1}),
        (2, "b", {}),
        (3, "c", {}),
    ]
    assert all(each.written_at is not None for each in chained)
    posted = sorted(await rows(engine, outbox, "REQ1"), key=lambda each: each.seq)
    assert [each.id for each in posted] == ["REQ1:2", "REQ1:0", "REQ1:1"]


async def test_the_last_of_two_rows_with_one_key_stays(engine: AsyncEngine) -> None:
    found = {each.subject: each.begins_at for each in await rows(engine, sight, "REQ1")}
    assert found == {"p:p_a": NOW, "g:it": None}


async def test_a_later_step_replaces_what_may_change(engine: AsyncEngine) -> None:
    later = Bundle(
        number="REQ1",
        step="u:1",
        version=2,
        at=NOW,
        document='{"version": 2}',
        result="{}",
        records=[row("REQ1", state="closed_complete", opened_by="p_z", version=2)],
    )
    async with engine.begin() as connection:
        await bundle.write(connection, later)
    [stored] = await rows(engine, record, "REQ1")
    assert (stored.state, stored.opened_by, stored.version) == ("closed_complete", "p_a", 2)
    [kept] = await rows(engine, process, "REQ1")
    assert kept.document == {"version": 2}


async def test_sight_knows_when_its_process_changed_and_whether_it_goes_on(engine: AsyncEngine) -> None:
    """A row that the same step shows again, one that it does not, and a new one."""
    later = NOW + timedelta(hours=1)
    ended = Bundle(
        number="REQ1",
        step="u:2",
        version=3,
        at=later,
        document="{}",
        result="{}",
        open=False,
        records=[row("REQ1", state="closed_complete", open=False, updated_at=later, version=3)],
        sights=[seen("p:p_a", "requester", later), seen("p:p_c", "watcher")],
    )
    async with engine.begin() as connection:
        await bundle.write(
            connection, replace(whole("REQ2"), sights=[{**seen("g:it", "x"), "number": "REQ2"}])
        )
        await bundle.write(connection, ended)
    found = {
        each.subject: (each.begins_at, each.open, each.changed_at)
        for each in await rows(engine, sight, "REQ1")
    }
    assert found == {
        "p:p_a": (later, False, later),
        "p:p_c": (None, False, later),
        "g:it": (None, False, later),
    }
    assert [(each.open, each.changed_at) for each in await rows(engine, sight, "REQ2")] == [(True, NOW)]


async def test_the_same_step_again_writes_nothing(engine: AsyncEngine) -> None:
    with pytest.raises(IntegrityError):
        async with engine.begin() as connection:
            await bundle.write(connection, replace(whole("REQ1"), new=False, audit=(), version=9))
    [kept] = await rows(engine, process, "REQ1")
    assert kept.version == 3
    assert len(await rows(engine, step_result, "REQ1")) == 3
