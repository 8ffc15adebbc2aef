"""The stream of one person: told of what concerns them, never of anything else, and only while they are signed in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from api.portal.routes.live import Watch
from api.portal.session import present_of
from api.security import caller_of
from api.streams import MOST_STREAMS, streams_of
from steadydesk.contracts.hint import HintKind
from steadydesk.errors import QuotaExceeded
from steadydesk.records.bell import CHANNEL
from steadydesk.records.engine import Engine
from steadydesk.records.identity_session import end_session, find_session, list_sessions, open_session
from tests.portal.browsers import ACCESS
from tests.portal.visitors import visitor
from tests.support.api_desk import ApiDesk

SOON = 5.0
IN_SILENCE = 0.35


class Page:
    """An open page of somebody: the parts of its stream as they come."""

    def __init__(self, desk: ApiDesk, secret: str, watch: Watch) -> None:
        self.secret = secret
        self.streams: dict[str, int] = {}
        self._desk = desk
        self._parts = watch.hints(self.streams)
        self._next: asyncio.Task[str] | None = None

    async def part(self, seconds: float) -> str | None:
        """The next part; None where none comes within the time. "" is the end."""
        self._next = self._next or asyncio.ensure_future(self._ahead())
        done, _ = await asyncio.wait({self._next}, timeout=seconds)
        if not done:
            return None
        task, self._next = self._next, None
        return task.result()

    async def kinds(self, seconds: float = SOON) -> set[str]:
        """Of the next hint; empty where none comes."""
        said = await self.part(seconds)
        return set(said.partition("data: ")[2].split()) if said else set()

    async def _ahead(self) -> str:
        return await anext(self._parts, "")

    async def close(self) -> None:
        if self._next is not None:
            self._next.cancel()
            await asyncio.gather(self._next, return_exceptions=True)
        await self._parts.aclose()  # type: ignore[attr-defined]


@asynccontextmanager
async def page_of(desk: ApiDesk, user_name: str, *about: HintKind, ago: float = -60) -> AsyncIterator[Page]:
    """An open page; what happened before it was shown ``ago`` seconds ago is no news to it."""
    now = desk.services.clock()
    services: Any = desk.services
    async with services.engine.begin() as connection:
        secret = await open_session(connection, await desk.person(user_name), "test", now)
        found = await find_session(connection, secret, now)
    caller = await caller_of(services, found.proof)
    present = present_of(services, secret)
    watch = Watch(services, caller, present, frozenset(about or HintKind), now - timedelta(seconds=ago))
    page = Page(desk, secret, watch)
    try:
        yield page
    finally:
        await page.close()


@asynccontextmanager
async def quiet_page_of(desk: ApiDesk, user_name: str, *about: HintKind) -> AsyncIterator[Page]:
    """A page that has looked, and hears of nothing."""
    async with page_of(desk, user_name, *about) as page:
        assert await page.part(SOON)
        while await page.part(IN_SILENCE):
            pass  # What other tests did last.
        yield page


async def order(desk: ApiDesk, who: str = "rita.requester") -> str:
    number: str = (await desk.order(who, "application-access", **ACCESS))["number"]
    desk.services.bell.ring(number)
    return number


async def test_those_whom_it_concerns_are_told_how_and_nobody_else_anything(portal: ApiDesk) -> None:
    async with (
        quiet_page_of(portal, "mona.manager") as mona,
        quiet_page_of(portal, "rita.requester") as rita,
        quiet_page_of(portal, "hanna.hr") as hanna,
        quiet_page_of(portal, "ada.admin") as ada,
    ):
        number = await order(portal)
        assert await mona.kinds() == {"approval"}
        assert await rita.kinds() == {"request"}
        portal.services.bell.ring(number)
        said = await mona.part(SOON)
        assert said is not None
        assert number not in said
        assert "rita" not in said
        assert await hanna.kinds(IN_SILENCE) == set()
        assert await ada.kinds(IN_SILENCE) == set(), "an administrator sees no record by being one"


async def test_a_page_hears_of_the_kinds_that_it_asked_for(portal: ApiDesk) -> None:
    async with quiet_page_of(portal, "mona.manager", HintKind.WORK, HintKind.ACCOUNT) as mona:
        await order(portal)
        assert await mona.kinds(IN_SILENCE) == set()
        portal.services.bell.ring(f"p:{await portal.person('rita.requester')}")
        assert await mona.kinds(IN_SILENCE) == set()
        portal.services.bell.ring(f"p:{await portal.person('mona.manager')}")
        assert await mona.kinds() == {"account"}


async def test_it_goes_on_where_it_was_left(portal: ApiDesk) -> None:
    """What happened between the making of the page, or the end of a stream, and the next stream is not lost."""
    await order(portal)
    async with page_of(portal, "mona.manager", ago=30) as mona, page_of(portal, "hanna.hr", ago=30) as hanna:
        assert await mona.kinds() == {"approval"}
        assert await hanna.part(SOON) == ": still here\n\n"


async def test_many_changes_are_few_hints(portal: ApiDesk) -> None:
    number = await order(portal)
    async with quiet_page_of(portal, "mona.manager") as mona:
        for _ in range(40):
            portal.services.bell.ring(number)
            await asyncio.sleep(0.01)
        hints = 0
        while await mona.kinds(IN_SILENCE * 2):
            hints += 1
        assert 1 <= hints <= 3


async def test_a_stream_ends_with_its_session_and_keeps_none_alive(portal: ApiDesk) -> None:
    services: Any = portal.services
    person = await portal.person("mona.manager")
    number = await order(portal)
    async with quiet_page_of(portal, "mona.manager") as mona:
        services.ahead = timedelta(minutes=90)
        try:
            services.bell.ring(number)
            assert await mona.kinds() == {"approval"}
            async with services.engine.begin() as connection:
                listed = await list_sessions(connection, person, services.clock())
                assert all(services.clock() - one.seen_at > timedelta(minutes=80) for one in listed)
                await end_session(connection, mona.secret, services.clock())
            assert mona.streams == {person: 1}
            services.bell.ring(number)
            assert await mona.part(SOON) == ""
        finally:
            services.ahead = timedelta()
        assert mona.streams == {}


async def test_one_connection_listens_however_many_pages_are_open(portal: ApiDesk) -> None:
    async with (
        quiet_page_of(portal, "mona.manager"),
        quiet_page_of(portal, "mona.manager"),
        quiet_page_of(portal, "rita.requester"),
    ):
        assert await listeners(portal.services.engine) == 1


async def test_who_listens_again_after_an_outage_has_missed_nothing(portal: ApiDesk) -> None:
    async with quiet_page_of(portal, "mona.manager") as mona:
        async with portal.services.engine.connect() as connection:
            await connection.exec_driver_sql(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%{CHANNEL}%'"
            )
        await order(portal)
        assert await mona.kinds() == {"approval"}


async def test_a_person_has_so_many_streams_and_no_more(portal: ApiDesk) -> None:
    portal.app.state.streams = {"p_many": MOST_STREAMS}
    try:
        with pytest.raises(QuotaExceeded):
            streams_of(portal.app, "p_many")
        assert streams_of(portal.app, "p_other") == {"p_many": MOST_STREAMS}
    finally:
        del portal.app.state.streams


async def test_only_who_is_signed_in_gets_a_stream(portal: ApiDesk) -> None:
    async with visitor(portal) as nobody:
        assert (await nobody.open("/live")).headers["location"].startswith("/sign-in")
        answer = await nobody.client.get("/live", headers={"Accept": "text/event-stream"})
        assert answer.status_code == 401
    async with visitor(portal, "hanna.hr") as hanna:
        for asked in ("about=everything", f"since={'9' * 15}"):
            assert (await hanna.open(f"/live?{asked}")).status_code == 422


async def listeners(engine: Engine) -> int:
    async with engine.connect() as connection:
        counted = await connection.exec_driver_sql(
            f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%{CHANNEL}%'"
            " AND query LIKE 'LISTEN%'"
        )
        return counted.scalar_one()
