"""The dashboard's numbers against the same numbers counted by hand, one record after the other."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import date
from itertools import product

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from api.kept_figures import kept_dashboards
from steadydesk.policies.period import Period, between, last_days
from steadydesk.records.engine import make_engine
from steadydesk.records.tables.approval import gate
from steadydesk.records.tables.process import record, sight
from steadydesk.records.tables.voice import survey
from steadydesk.records.views.dashboard import Dashboard, dashboard
from steadydesk.records.views.dashboard_reads import Extent
from steadydesk.records.views.visibility import Sight, Viewer, sight_of
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.records.dashboard_book import BERLIN, NOW, Book, by_hand, check
from tests.support.databases import migrated_database


@pytest.fixture(scope="module")
async def engine(postgres: EmbeddedPostgres) -> AsyncIterator[AsyncEngine]:
    opened = make_engine(await migrated_database(postgres, "dashboard"), command_seconds=20)
    yield opened
    await opened.dispose()


@pytest.fixture(scope="module")
async def book(engine: AsyncEngine) -> Book:
    dice, written = random.Random(20_260_409), Book()
    for place in range(1, 301):
        written.add_request(place, dice)
    async with engine.begin() as connection:
        for table, rows in (
            (record, written.records), (gate, written.gates), (survey, written.surveys), (sight, written.sights),
        ):  # fmt: skip
            await connection.execute(insert(table), rows)
    return written


def of(subjects: Iterable[str], *delegated: str) -> Viewer:
    return Viewer(person="p_v", own=tuple(sorted(subjects)), delegated=delegated, now=NOW)


PERIODS = [
    last_days(30, NOW.date(), BERLIN),
    last_days(90, NOW.date(), BERLIN),
    between(date(2026, 3, 27), date(2026, 3, 31), BERLIN),
    between(date(2025, 1, 1), date(2025, 1, 1), "UTC"),
]


@pytest.mark.parametrize("period", PERIODS, ids=lambda one: f"{one.first}..{one.last}")
@pytest.mark.parametrize("functions", [(), ("it",), ("hr", "facilities")])
@pytest.mark.parametrize("subjects", [("p:p_v", "g:v"), ("f:it",), ("g:nobody",)])
async def test_numbers_are_those_of_the_records_that_one_sees(
    engine: AsyncEngine, book: Book, period: Period, functions: tuple[str, ...], subjects: tuple[str, ...]
) -> None:
    async with engine.connect() as connection:
        found = await dashboard(connection, Extent(Sight(subjects, ()), period, functions), NOW)
    expected = by_hand(book, of(subjects), functions, period)
    check(found, expected)
    assert found.is_empty == (subjects == ("g:nobody",) or not (found.ages.oldest or found.volume.opened))


SIGHTS = [
    of(["p:p_v"]), of(["p:p_v", "g:v"]), of(["f:it", "p:p_owner"]), of(["f:it", "p:p_other_owner"]), of(["p:p_x"]),
    of(["p:p_boss"]), of([], "p:p_boss"), of(["f:it"], "p:p_boss"), of(["f:it", "p:p_boss"]), of(["p:p_new"]), of([]),
]  # fmt: skip


async def test_nobody_is_given_what_was_counted_for_another_sight(engine: AsyncEngine, book: Book) -> None:
    """Many ask at once, again and again, for the same and for other periods and functions."""
    kept = kept_dashboards(engine, lambda: NOW)
    # As many as there are connections: on a busy machine one more would wait in vain for its own.
    at_once = asyncio.Semaphore(10)
    asked = list(product(SIGHTS, PERIODS[:2], [(), ("it",)])) * 3
    random.Random(7).shuffle(asked)

    async def ask(viewer: Viewer, period: Period, functions: tuple[str, ...]) -> Dashboard:
        async with at_once:
            async with engine.connect() as connection:
                sight = await sight_of(connection, viewer)
            return (await kept.get(Extent(sight, period, functions))).value

    found = await asyncio.gather(*(ask(*one) for one in asked))
    for one, (viewer, period, functions) in zip(found, asked, strict=True):
        check(one, by_hand(book, viewer, functions, period))
    assert len(kept) == 9 * 4, "the two owners share theirs, and so do those who see nothing"


async def test_owners_who_see_the_same_share_it(engine: AsyncEngine, book: Book) -> None:
    assert book.sights
    async with engine.connect() as connection:
        one, other, more, delegate, nobody = [
            await sight_of(connection, viewer)
            for viewer in (
                of(["f:it", "p:p_owner"]), replace(of(["f:it", "p:p_new"]), person="p_new", language="de"),
                of(["f:it", "p:p_x"]), of(["f:it"], "p:p_x"), of(["p:p_new"], "p:p_owner"),
            )
        ]  # fmt: skip
    assert one == other
    assert len({one, more, delegate, nobody}) == 4
    assert (nobody.own, nobody.delegated) == ((), ())


async def test_who_decides_by_some_policies_is_counted_what_they_see_alone(
    engine: AsyncEngine, book: Book
) -> None:
    """Nobody is asked at the gates of the book: a delegation for one policy lets see nothing of it."""
    assert book.sights
    wholly = of(["p:p_new"], "p:p_boss")
    async with engine.connect() as connection:
        found = [
            await dashboard(connection, Extent(await sight_of(connection, viewer), PERIODS[0]), NOW)
            for viewer in (wholly, replace(wholly, partly=(("p_boss", "x"),)))
        ]
    assert [one.is_empty for one in found] == [False, True]
