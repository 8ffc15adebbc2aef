"""Child requests on a real server: as silent and restricted as the request that ordered them, whatever their item."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from steadydesk.contracts.request_commands import Reschedule
from steadydesk.policies.assertion import unsigned
from steadydesk.policies.summary import RESTRICTED
from steadydesk.records.directory_standing import standing
from steadydesk.records.tables.process import process, record
from steadydesk.records.views.visibility import Viewer, relations
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.request_catalogue import catalogue, manual
from tests.support.request_desk import Desk, request_desk
from tests.support.request_worker import Works, now, replayed, until

_FOR_MONA: dict[str, Any] = {"variables": {"requested_for": {"value": "mona"}}}
ITEMS = {
    "leaving": {
        "model": "confidential",
        "effective_at": "day",
        "silent_until_effective": True,
        "plan": {
            "steps": {
                "quick": {"kind": "request", "label": "Q", "item": "simple"},
                "own": {"kind": "request", "label": "O", "item": "again"},
                "other": {"kind": "request", "label": "M", "item": "board-any", **_FOR_MONA},
            }
        },
    },
    "again": {
        "effective_at": "day",
        "plan": {
            "steps": {
                "inner": {
                    "kind": "request",
                    "label": "I",
                    "item": "by-hand",
                    "effective_at": {"value": "2035-01-01"},
                },
                "one": manual(),
            }
        },
    },
}


@pytest.fixture(scope="module")
async def module_desk(postgres: EmbeddedPostgres) -> AsyncIterator[Desk]:
    async with request_desk(postgres, "workflows_child_silence", catalogue(ITEMS)) as desk:
        yield desk


async def child(works: Works, number: str, step: str) -> str:
    """The number of a step's child, once it is open."""
    found = (await works.desk.line(number)).steps[step].child
    assert found is not None

    async def opened() -> bool:
        return bool(await works.desk.rows(process, process.c.number == found))

    await until(opened)
    return found


async def why_seen(works: Works, number: str, who: str, at: datetime) -> list[str]:
    async with works.desk.engine.connect() as connection:
        found = await standing(connection, works.desk.ids[who], at)
        assert found is not None
        return await relations(connection, Viewer.of(found, at), number)


def day(ahead: int) -> datetime:
    return (now() + timedelta(days=ahead)).replace(hour=0, minute=0, second=0, microsecond=0)


async def leaving(works: Works) -> str:
    """Ralf orders what is about Rita, who is in the group that fulfils the children, and in a named one."""
    for group in ("desk", "board", "confidants"):
        await works.desk.join("rita", group)
    return await works.order(
        "leaving", by="ralf", requested_for="rita", variables={"day": f"{day(30):%Y-%m-%d}"}
    )


async def test_children_are_as_silent_and_restricted_as_their_parent(works: Works) -> None:
    number = await leaving(works)
    own, other = await child(works, number, "own"), await child(works, number, "other")
    inner = await child(works, own, "inner")
    before, after = now() + timedelta(days=29), now() + timedelta(days=31)
    for each in (number, own, other, inner):
        for who in ("rita", "rita-admin", "ines"):
            assert await why_seen(works, each, who, before) == [], (each, who)
        assert await why_seen(works, each, "carl", before) == ["restricted_group"]
        assert await why_seen(works, each, "ralf", before) == ["requester"]
        assert "restricted_group" in await why_seen(works, each, "rita", after)
        [row] = await works.desk.rows(record, record.c.number == each)
        assert row.restricted
    for each in (own, inner):
        assert await why_seen(works, each, "ingo", before) == ["fulfilment_group"], "they have its task"
        assert "requested_for" in await why_seen(works, each, "rita", after)
    assert await why_seen(works, other, "mona", before) == ["requested_for"]
    assert "rita" not in await works.desk.asked(f"{other}-G1")
    for each in (own, inner):
        assert (await (await works.handle(each).describe()).static_summary()) == RESTRICTED


async def test_the_hour_of_children_moves_with_that_of_their_parent(works: Works) -> None:
    """Also of those that have a date of their own, and of theirs, and of those that have ended."""
    number = await leaving(works)
    own, other = await child(works, number, "own"), await child(works, number, "other")
    inner = await child(works, own, "inner")
    quick = await child(works, number, "quick")

    async def ended() -> bool:
        return (await works.desk.line(number)).steps["quick"].state.has_ended

    await until(ended)
    await works.send(number, Reschedule(assertion=unsigned(), effective_at=day(60)), "ralf")

    async def moved() -> bool:
        found = [await works.desk.document(each) for each in (own, other, inner)]
        return all(one.silent_until == day(60) for one in found)

    await until(moved)
    for each in (own, other, inner, quick):
        assert await why_seen(works, each, "rita", now() + timedelta(days=59)) == []
        assert "restricted_group" in await why_seen(works, each, "rita", now() + timedelta(days=61))
    assert (await works.desk.line(inner)).effective_at == datetime.fromisoformat("2035-01-01T00:00:00+00:00")
    await replayed(works, number)
    await replayed(works, own)
