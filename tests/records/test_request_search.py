"""Requests by what somebody types: each way to mean one, in every order and page by page, nothing unseen, and every way
with an index of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.records.tables.process import record, sight
from steadydesk.records.views.record_filter import Position, RecordFilter, RecordOrder
from steadydesk.records.views.records import instant_of
from steadydesk.records.views.request_list import request_list
from steadydesk.records.views.search import find
from steadydesk.records.views.visibility import Viewer
from tests.support.directory import NOW, standing_of

LAPTOP = ("laptop", {"en": "New laptop", "de": "Neuer Rechner"})
RENAMED = ("laptop", {"en": "Old note_book"})
ACCESS = ("vpn", {"en": "Access, 100% safe"})
ORDERS = {
    "REQ0000001": ("ada", [LAPTOP]),
    "REQ0000002": ("bob", [ACCESS]),
    "REQ0000003": ("ada", [ACCESS, LAPTOP]),
    "REQ0000004": ("bob", [RENAMED]),
    "REQ0000005": ("ada", [LAPTOP]),
}
UNSEEN = "REQ0000005"
EVERY = RecordFilter(kind="REQ")
WORDS = {
    "laptop": {"REQ0000001", "REQ0000003"},
    "LAPTOP": {"REQ0000001", "REQ0000003"},
    "rechner": set[str](),
    "note_book": {"REQ0000004"},
    "note-book": set[str](),
    "100%": {"REQ0000002", "REQ0000003"},
    "1%0": set[str](),
    "\\": set[str](),
    "ad": {"REQ0000001", "REQ0000003"},
    "o": {"REQ0000001", "REQ0000002", "REQ0000003", "REQ0000004"},
    "req-2": {"REQ0000002"},
    "4": {"REQ0000004"},
    "ritm 31": {"REQ0000003"},
    "req5": set[str](),
    "nobody": set[str](),
}
"""What the seen ones of ``ORDERS`` mean in English; Bob has an "o" in his name, and laptops in theirs."""


@pytest.fixture
async def viewer(connection: AsyncConnection) -> Viewer:
    """A process owner who sees all orders but one, and is not in any."""
    people = {name: (await standing_of(connection, name)).person.id for name in ("ada", "bob")}
    rows = [row for number, (whose, lines) in ORDERS.items() for row in _rows(number, people[whose], lines)]
    await connection.execute(insert(record), rows)
    changed = {row["number"]: row["updated_at"] for row in rows}
    seen = [
        {"subject": "f:it", "number": number, "why": "x", "open": True, "changed_at": changed[number]}
        for number in ORDERS
        if number != UNSEEN
    ]
    await connection.execute(insert(sight), seen)
    return Viewer("", ("f:it",), (), NOW)


def _rows(number: str, whose: str, lines: list[tuple[str, dict[str, str]]]) -> Iterator[dict[str, Any]]:
    place = int(number[3:])
    at = {"opened_at": NOW - timedelta(days=place), "updated_at": NOW - timedelta(hours=place % 3)}
    shared = {
        **at, "owner": number, "opened_by": whose, "caller": whose, "state": "x", "phase": "x", "open": True,
        "version": 1, "expected_at": NOW + timedelta(days=place % 2) if place % 4 else None,
    }  # fmt: skip
    yield {**shared, "number": number, "kind": "REQ", "item": lines[0][0], "short_description": lines[0][1]}
    for position, (item, words) in enumerate(lines):
        line = f"RITM{place:06d}{position}"
        yield {**shared, "number": line, "kind": "RITM", "item": item, "short_description": words}


async def pages(
    connection: AsyncConnection, viewer: Viewer, order: RecordOrder, limit: int, text: str | None
) -> list[str]:
    """Numbers of all pages, as they stand."""
    shown: list[tuple[datetime, str]] = []
    after = None
    while True:
        found = (await request_list(connection, viewer, EVERY, limit, after, order, text)).found
        shown += [(instant_of(view, order), view.number) for view in found]
        if len(found) < limit:
            break
        after = Position(*shown[-1])
    assert shown == sorted(shown, reverse=order is not RecordOrder.EXPECTED)
    return [number for _, number in shown]


@pytest.mark.parametrize("text", WORDS)
async def test_what_somebody_types_means_what_they_may_see(
    connection: AsyncConnection, viewer: Viewer, text: str
) -> None:
    shown = await pages(connection, viewer, RecordOrder.CHANGED, 50, text)
    assert sorted(shown) == sorted(WORDS[text])


async def test_a_title_is_read_in_the_language_of_the_reader(
    connection: AsyncConnection, viewer: Viewer
) -> None:
    german = Viewer("", viewer.own, (), viewer.now, "de")
    for text, number in (("rechner", "REQ0000001"), ("note_book", "REQ0000004")):
        assert number in await pages(connection, german, RecordOrder.CHANGED, 50, text)


@pytest.mark.parametrize("order", RecordOrder)
@pytest.mark.parametrize("limit", [1, 2, 3])
@pytest.mark.parametrize("text", [None, "o", "ad"])
async def test_every_order_shows_each_once_page_by_page(
    connection: AsyncConnection, viewer: Viewer, order: RecordOrder, limit: int, text: str | None
) -> None:
    wanted = WORDS[text] if text else set(ORDERS) - {UNSEEN}
    assert sorted(await pages(connection, viewer, order, limit, text)) == sorted(wanted)


async def test_the_search_box_finds_what_has_the_item_in_any_line(
    connection: AsyncConnection, viewer: Viewer
) -> None:
    found = await find(connection, viewer, "laptop", ["laptop"])
    assert [view.number for view in found.records] == ["REQ0000003", "REQ0000004", "REQ0000001"]
    for text, numbers in (("31", ["RITM0000031"]), ("5", []), ("REQ5", []), ("req-2", ["REQ0000002"])):
        assert [view.number for view in (await find(connection, viewer, text, [])).records] == numbers


@pytest.mark.parametrize(
    ("wanted", "order", "text", "index"),
    [
        (EVERY, "changed", "laptop", "ix_record_kind_title"),
        (replace(EVERY, item="laptop"), "changed", None, "ix_record_line_item"),
        (EVERY, "opened", None, "ix_record_request_opened"),
        (EVERY, "expected", None, "ix_record_request_expected"),
    ],
)
async def test_each_way_and_order_has_its_index(
    connection: AsyncConnection,
    viewer: Viewer,
    wanted: RecordFilter,
    order: str,
    text: str | None,
    index: str,
) -> None:
    last = Position(NOW, "REQ")
    with explained(connection) as statements:
        await request_list(connection, viewer, wanted, 2, last, RecordOrder(order), text)
    # A few rows are read and sorted faster without an index.
    others = ("seqscan", "sort") if wanted == EVERY else ("seqscan",)
    assert f" {index} " in "\n".join([await plan_of(connection, others, *each) for each in statements])


@contextmanager
def explained(connection: AsyncConnection) -> Iterator[list[tuple[str, Any]]]:
    """The statements on records, with their values."""
    statements: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        if "record" in statement:
            statements.append((statement, values))

    event.listen(connection.sync_connection, "before_cursor_execute", note)
    yield statements
    event.remove(connection.sync_connection, "before_cursor_execute", note)


async def plan_of(connection: AsyncConnection, off: tuple[str, ...], statement: str, values: Any) -> str:
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    for other in off:
        await driver.execute(f"SET LOCAL enable_{other} = off")
    return "\n".join(row[0] for row in await driver.fetch(f"EXPLAIN {statement}", *values))
