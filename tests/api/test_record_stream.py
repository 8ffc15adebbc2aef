"""The stream of a record: told at once, resumed where it was left, and over as soon as its reader's right is."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from fastapi import Request

from api.portal.routes.record import only_that
from api.portal.session import present_of as present_in_page
from api.record_stream import RecordStream, in_full
from api.security import Caller, caller_of, identity_of, present_of
from api.services import Services
from api.streams import KEEP_ALIVE_EVERY
from steadydesk.contracts.identity import Scope
from steadydesk.contracts.views import TimelineEntry
from steadydesk.policies.rights import Permission
from steadydesk.records.directory_departure import deactivate
from steadydesk.records.directory_events import installation
from steadydesk.records.identity import end_token
from steadydesk.records.identity_session import end_session, find_session, open_session
from tests.support.api import token_of
from tests.support.api_desk import ApiDesk

SOON = KEEP_ALIVE_EVERY / 3
"""Long before it looks by itself."""
STILL_HERE = ": still here\n\n"
END = ""


@dataclass
class Reading:
    """Somebody's open stream."""

    desk: ApiDesk
    number: str
    caller: Caller
    parts: Any

    async def part(self) -> str:
        """The next part; END where there is none. TimeoutError where none comes soon."""
        async with asyncio.timeout(SOON):
            return await anext(self.parts, END)

    async def events(self) -> list[str]:
        return [line[7:] for line in (await self.part()).splitlines() if line.startswith("event: ")]

    async def comment(self, who: str = "rita.requester") -> None:
        await self.desk.post(who, f"/requests/{self.number}/comments", {"text": "Hello there."})
        self.desk.services.bell.ring(self.number)


async def bearer_of(desk: ApiDesk, who: str, *, acting_for: str | None = None) -> tuple[Caller, Request]:
    """A caller by a token of their own, and the request that carried it."""
    scopes = frozenset(Scope) if acting_for else frozenset(Scope) - {Scope.ACT_FOR}
    token = await token_of(desk.services.engine, who, scopes)
    header = (b"authorization", f"Bearer {token}".encode())
    request = Request({"type": "http", "app": desk.app, "headers": [header]})
    proof = await identity_of(desk.app).prove(token, "")
    return await caller_of(cast("Services", desk.services), proof, acting_for), request


@asynccontextmanager
async def reading(
    desk: ApiDesk, number: str, who: str = "rita.requester", *, position: int = 0, **more: Any
) -> AsyncIterator[Reading]:
    caller, request = await bearer_of(desk, who, acting_for=more.pop("acting_for", None))
    present = present_of(request, caller, Permission.READ)
    stream = RecordStream(cast("Services", desk.services), caller, present, number, position, **more)
    streams: dict[str, int] = {}
    async with aclosing(stream.said(streams)) as parts:
        yield Reading(desk, number, caller, parts)
    assert streams == {}


async def ordered(desk: ApiDesk) -> str:
    return (await desk.order("rita.requester", "new-laptop", model="light"))["number"]


async def test_a_step_is_told_when_it_happens_and_once(desk: ApiDesk) -> None:
    number = await ordered(desk)
    async with reading(desk, number) as rita:
        assert "request.opened" in await rita.events()
        await rita.comment()
        said = await rita.part()
        assert "event: comment" in said
        assert "Hello there." in said
        position = int(said.partition("id: ")[2].partition("\n")[0])
    async with reading(desk, number, position=position) as again:
        assert await again.part() == STILL_HERE


def test_a_break_between_a_step_and_what_was_said_at_it_loses_neither() -> None:
    """The id comes with the last of them: up to then a client has that of the step before."""
    kinds = {"7": "event", "8": "event", "c_1": "comment", "c_2": "answer", "9": "event"}
    news = [TimelineEntry(id=each, at=datetime.now(UTC), kind=kind) for each, kind in kinds.items()]
    parts = in_full(6, news).split("\n\n")[:-1]
    ids = [match and int(match[1]) for match in (re.match(r"id: (\d+)\n", part) for part in parts)]
    assert ids == [7, None, None, 8, 9]


async def test_what_concerns_other_records_wakes_nobody(desk: ApiDesk) -> None:
    number, other = await ordered(desk), await ordered(desk)
    async with reading(desk, number) as rita:
        await rita.part()
        desk.services.bell.ring(other)
        ahead = asyncio.ensure_future(anext(rita.parts, END))
        done, _ = await asyncio.wait({ahead}, timeout=0.5)
        assert not done
        await rita.comment()
        assert "Hello there." in await asyncio.wait_for(ahead, SOON)


async def test_who_hears_no_bell_looks_by_themselves(desk: ApiDesk) -> None:
    number = await ordered(desk)
    async with reading(desk, number, every=0.1) as rita:
        await rita.part()
        await desk.post("rita.requester", f"/requests/{number}/comments", {"text": "Unrung."})
        async with asyncio.timeout(SOON):
            while "Unrung." not in await rita.part():
                pass


async def test_nothing_more_is_said_once_the_token_has_ended(desk: ApiDesk) -> None:
    number = await ordered(desk)
    async with reading(desk, number) as rita:
        await rita.part()
        async with desk.services.engine.begin() as connection:
            await end_token(connection, rita.caller.credential, desk.services.clock())
        await rita.comment()
        assert await rita.part() == END


async def test_it_ends_by_itself_when_the_token_has(desk: ApiDesk) -> None:
    async with reading(desk, await ordered(desk), every=0.1) as rita:
        await rita.part()
        async with desk.services.engine.begin() as connection:
            await end_token(connection, rita.caller.credential, desk.services.clock())
        async with asyncio.timeout(SOON):
            while await rita.part() != END:
                pass


async def watched(desk: ApiDesk, who: str) -> str:
    number = await ordered(desk)
    await desk.post("rita.requester", f"/requests/{number}/watch", {"person": who, "watch": True})
    return number


async def test_it_ends_with_the_sight_of_the_record(desk: ApiDesk) -> None:
    number = await watched(desk, "wanda.watcher")
    async with reading(desk, number, "wanda.watcher") as wanda:
        assert await wanda.events()
        ended = {"person": "wanda.watcher", "watch": False}
        await desk.post("rita.requester", f"/requests/{number}/watch", ended)
        desk.services.bell.ring(number)
        assert await wanda.part() == END


@pytest.mark.parametrize(
    ("who", "acting_for"), [("dirk.delegate", None), ("portal.service", "stan.stranger")]
)
async def test_it_ends_with_the_person_whose_it_is(desk: ApiDesk, who: str, acting_for: str | None) -> None:
    number = await watched(desk, acting_for or who)
    async with reading(desk, number, who, acting_for=acting_for) as reader:
        assert await reader.events()
        async with desk.services.engine.begin() as connection:
            await deactivate(connection, reader.caller.id, installation(desk.services.clock()))
        desk.services.bell.ring(f"p:{reader.caller.id}")
        assert await reader.part() == END


async def test_the_stream_of_a_page_says_only_that_something_happened_and_ends_with_its_session(
    desk: ApiDesk,
) -> None:
    number = await ordered(desk)
    services = cast("Services", desk.services)
    now = services.clock()
    async with services.engine.begin() as connection:
        secret = await open_session(connection, await desk.person("rita.requester"), "test", now)
        found = await find_session(connection, secret, now)
    caller = await caller_of(services, found.proof)
    stream = RecordStream(services, caller, present_in_page(services, secret), number, 0)
    async with aclosing(stream.said({}, only_that)) as parts:
        rita = Reading(desk, number, caller, parts)
        first = await rita.part()
        assert re.fullmatch(r"id: [0-9]+\ndata: changed\n\n", first)
        await rita.comment()
        assert re.fullmatch(r"id: [0-9]+\ndata: changed\n\n", await rita.part())
        async with services.engine.begin() as connection:
            await end_session(connection, secret, services.clock())
        await rita.comment()
        assert await rita.part() == END
