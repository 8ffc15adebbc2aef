"""The latest processes that somebody sees: what reading all records finds, page by page, by ranges of an index."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.records.tables.process import record, sight
from steadydesk.records.views.record_filter import Position, RecordFilter
from steadydesk.records.views.records import list_records
from steadydesk.records.views.visibility import Viewer
from tests.support.directory import NOW

SUBJECTS = ["p:p_ada", "p:p_boss", "g:desk", "f:it", "p:p_else"]
WHYS = ["requester", "requested_for", "approver", "watcher"]
HOUR = timedelta(hours=1)
VIEWERS = {
    "a person": Viewer("p_ada", ("p:p_ada",), (), NOW),
    "a person of a group": Viewer("p_ada", ("g:desk", "p:p_ada"), (), NOW),
    "a process owner": Viewer("p_ada", ("f:it", "g:desk", "p:p_ada"), (), NOW),
    "a delegate": Viewer("p_ada", ("p:p_ada",), ("p:p_boss",), NOW),
    "a delegate of nothing": Viewer("p_ada", ("p:p_ada",), ("p:p_boss",), NOW, partly=(("p_boss", "none"),)),
    "somebody who sees nothing": Viewer("p_new", ("p:p_new",), (), NOW),
}
WANTED = {
    "all": RecordFilter(kind="REQ"),
    "open": RecordFilter(kind="REQ", open=True),
    "closed": RecordFilter(kind="REQ", open=False),
    "own": RecordFilter(kind="REQ", own=True),
    "own open": RecordFilter(kind="REQ", own=True, open=True),
    "grants": RecordFilter(kind="GRA"),
}


@pytest.fixture
async def sights(connection: AsyncConnection) -> list[dict[str, Any]]:
    dice = Random(20261123)
    records = [_record(f"{kind}{place:07d}", dice) for kind in ("REQ", "GRA") for place in range(60)]
    await connection.execute(insert(record), records)
    seen = [each for row in records for each in _sights(row, dice)]
    await connection.execute(insert(sight), seen)
    return seen


def _record(number: str, dice: Random) -> dict[str, Any]:
    # Few instants, so that many changed at the same one and the number decides.
    changed = NOW - dice.randint(0, 9) * HOUR
    return {
        "number": number, "kind": number[:3], "owner": number, "state": "x", "phase": "x", "open": dice.random() < 0.5,
        "short_description": {"en": "x"}, "opened_by": "p_ada", "caller": "p_ada", "opened_at": NOW - 10 * HOUR,
        "updated_at": changed, "version": 1,
    }  # fmt: skip


def _sights(row: dict[str, Any], dice: Random) -> Iterator[dict[str, Any]]:
    for subject in SUBJECTS:
        for why in dice.sample(WHYS, dice.randint(0, 2)):
            yield {
                "subject": subject, "number": row["number"], "why": why, "open": row["open"],
                "changed_at": row["updated_at"], "begins_at": dice.choice([None, None, NOW - HOUR, NOW + HOUR]),
                "until": dice.choice([None, None, NOW - HOUR, NOW + HOUR]),
            }  # fmt: skip


def by_hand(sights: list[dict[str, Any]], viewer: Viewer, wanted: RecordFilter) -> list[str]:
    silent = {
        row["number"]
        for row in sights
        if (row["subject"], row["why"]) == (f"p:{viewer.person}", "requested_for")
        and row["begins_at"] == NOW + HOUR
    }
    kept = {
        (row["subject"], row["number"])
        for row in sights
        if row["why"] == "requested_for" and row["begins_at"] == NOW + HOUR
    }
    found = {
        (row["changed_at"], row["number"])
        for row in sights
        if row["number"].startswith(wanted.kind or "")
        and row["number"] not in silent
        and wanted.open in (None, row["open"])
        and (row["begins_at"] is None or row["begins_at"] <= NOW)
        and (row["until"] is None or row["until"] > NOW)
        and _shows(row, viewer)
        and not (row["subject"] in viewer.delegated and (row["subject"], row["number"]) in kept)
        and (not wanted.own or (row["subject"] == f"p:{viewer.person}" and row["why"] in WHYS[:2]))
    }
    return [number for _, number in sorted(found, reverse=True)]


def _shows(row: dict[str, Any], viewer: Viewer) -> bool:
    # Who stands for somebody by one policy sees what was asked by it, and no gate is here.
    as_delegate = row["subject"] in viewer.delegated and row["why"] == "approver" and not viewer.partly
    return row["subject"] in viewer.own or as_delegate


@pytest.mark.parametrize("limit", [1, 7, 200])
@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("who", VIEWERS)
async def test_page_by_page_they_are_what_somebody_sees(
    connection: AsyncConnection, sights: list[dict[str, Any]], who: str, wanted: str, limit: int
) -> None:
    shown: list[str] = []
    after = None
    while True:
        page = await list_records(connection, VIEWERS[who], WANTED[wanted], limit, after)
        shown += [view.number for view in page]
        if len(page) < limit:
            break
        after = Position(page[-1].updated_at, page[-1].number)
    assert shown == by_hand(sights, VIEWERS[who], WANTED[wanted])


async def test_everybody_but_the_new_one_sees_some_and_not_all(sights: list[dict[str, Any]]) -> None:
    found = {who: len(by_hand(sights, viewer, WANTED["all"])) for who, viewer in VIEWERS.items()}
    assert found.pop("somebody who sees nothing") == 0
    assert all(0 < count < 60 for count in found.values()), found


@pytest.mark.usefixtures("sights")
async def test_they_are_read_in_the_order_of_their_index(connection: AsyncConnection) -> None:
    statements: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        if "sight" in statement:
            statements.append((statement, values))

    event.listen(connection.sync_connection, "before_cursor_execute", note)
    last = Position(NOW, "REQ")
    await list_records(connection, VIEWERS["a process owner"], WANTED["all"], 5, last)
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    # So few rows are read faster without an index.
    await driver.execute("SET LOCAL enable_seqscan = off")
    [(statement, values)] = statements
    plan = "\n".join(row[0] for row in await driver.fetch(f"EXPLAIN {statement}", *values))
    assert "Scan Backward using ix_sight_changed on sight" in plan, plan
    assert "ROW(changed_at, number) <" in plan, plan
