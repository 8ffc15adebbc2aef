"""The steps of one record as they happen, for one reader: as long as they are signed in and may see it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from api.hints import Seat
from api.requests_read import viewer_of
from api.security import Caller
from api.services import Services
from api.streams import KEEP_ALIVE_EVERY, LONGEST, STILL_HERE, counted
from steadydesk.contracts.views import TimelineEntry
from steadydesk.errors import Refusal
from steadydesk.policies.rights import Verb, may
from steadydesk.records.engine import autocommit
from steadydesk.records.views.timeline import timeline
from steadydesk.records.views.visibility import relations

_AT_ONCE = 200
_GAP = 0.25
"""Seconds between two looks at least, while one step follows the other."""

Told = Callable[[int, Sequence[TimelineEntry]], str]
"""How news are said that came after a position."""


def in_full(position: int, news: Sequence[TimelineEntry]) -> str:
    """Each step with what people said at it; the last of these carries the id, so that a connection that breaks
    between them is resumed before the step.
    """
    parts: list[str] = []
    for entry, following in zip_longest(news, news[1:]):
        position = latest(position, [entry])
        ends = following is None or following.kind == "event"
        said = f"event: {entry.event or entry.kind}\ndata: {entry.model_dump_json()}\n\n"
        parts.append(f"id: {position}\n{said}" if ends else said)
    return "".join(parts)


def latest(position: int, news: Sequence[TimelineEntry]) -> int:
    return max([position, *(int(entry.id) for entry in news if entry.kind == "event")])


@dataclass
class RecordStream:
    """``position`` is up to which step it has told. ``present`` says who the reader is now; a Refusal once they are
    not signed in any more. It is asked before anything is said, and every so many seconds at least.
    """

    services: Services
    caller: Caller
    present: Callable[[], Awaitable[Caller]]
    number: str
    position: int
    every: float = KEEP_ALIVE_EVERY

    async def said(self, streams: dict[str, int], told: Told = in_full) -> AsyncGenerator[str, None]:
        """Server-sent events until the reader's right ends, at most ten minutes; they resume by position."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        with (
            counted(streams, self.caller.person.id),
            self.services.hints.seat(viewer_of(self.caller)) as seat,
        ):
            while loop.time() - begun < LONGEST:
                seat.take()
                news = await self._news(seat)
                if news is None:
                    return
                yield told(self.position, news) if news else STILL_HERE
                self.position = latest(self.position, news)
                if news:
                    await asyncio.sleep(_GAP)
                if len(news) < _AT_ONCE:
                    await self._rung(seat)

    async def _news(self, seat: Seat) -> list[TimelineEntry] | None:
        """What came after the position; None where there is no more for them."""
        try:
            caller = await self.present()
        except Refusal:
            return None
        seat.viewer = viewer_of(caller)
        async with autocommit(self.services.engine).connect() as connection:
            seen = await relations(connection, seat.viewer, self.number)
            if not seen:
                return None
            return await timeline(
                connection,
                self.number,
                _AT_ONCE,
                self.position,
                viewer=seat.viewer,
                work_notes=may(Verb.WORK_NOTE, seen),
            )

    async def _rung(self, seat: Seat) -> None:
        """Wait for a change of the record or of the reader, or until it is time to look."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.every
        while (left := until - loop.time()) > 0:
            await seat.rung(left)
            numbers, anything, account = seat.take()
            if anything or account or self.number in numbers:
                return
