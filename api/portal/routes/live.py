"""A page that stays open is told that something of its reader's has changed, and of which kind; never what."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Header, Query, Request
from fastapi.responses import StreamingResponse

from api.hints import Seat
from api.portal.guard import pages
from api.portal.page import ReaderPage
from api.portal.session import present_of, visit_of
from api.requests_read import viewer_of
from api.security import Caller
from api.services import Services
from api.streams import KEEP_ALIVE_EVERY, LONGEST, STILL_HERE, counted, sse, streams_of
from steadydesk.contracts.hint import HintKind
from steadydesk.errors import NotSignedIn
from steadydesk.records.engine import Connection, autocommit
from steadydesk.records.views.hints import has_messages_since, kinds_of, kinds_since
from steadydesk.records.views.visibility import Viewer

router = pages()

PATH = "/live"
_EVERY_KIND = frozenset(HintKind)
_OF_NO_RECORD = frozenset({HintKind.ACCOUNT, HintKind.MESSAGES})
_MARGIN = timedelta(seconds=5)
"""A change may be committed this long after the instant that it bears."""
_LONGEST_BACK = timedelta(minutes=30)
"""Who was away for longer is told without a look."""
_GAPS = (0.25, 2.0)
"""Seconds between two hints at least: more and more while they do not end."""

_MILLISECONDS = "^[0-9]{1,14}$"
"""Up to the year 5138: more is no instant of the calendar."""
Instant = Annotated[str | None, Query(pattern=_MILLISECONDS)]


@router.get(PATH, response_class=StreamingResponse)
async def stream_hints(
    request: Request,
    page: ReaderPage,
    about: Annotated[list[HintKind] | None, Query()] = None,
    since: Instant = None,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", pattern=_MILLISECONDS)] = None,
) -> StreamingResponse:
    """The kinds of changes as they happen, of those asked for. ``since`` and the ids are milliseconds since 1970: it
    goes on after them. It ends after ten minutes, and as soon as the session does.
    """
    watch = Watch(
        page.services,
        page.caller,
        present_of(page.services, visit_of(request).secret),
        frozenset(about) if about else _EVERY_KIND,
        _instant(last_event_id or since, page.now),
    )
    return sse(watch.hints(streams_of(request.app, page.caller.person.id)))


@dataclass
class Watch:
    """The stream of one page; ``looked`` is up to when it knows what has changed."""

    services: Services
    caller: Caller
    present: Callable[[], Awaitable[Caller]]
    about: frozenset[HintKind]
    looked: datetime

    async def hints(self, streams: dict[str, int]) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        begun, gap = loop.time(), _GAPS[0]
        with (
            counted(streams, self.caller.person.id),
            self.services.hints.seat(
                viewer_of(self.caller), messages=HintKind.MESSAGES in self.about
            ) as seat,
        ):
            seat.anything = True
            while loop.time() - begun < LONGEST:
                found = await self._look(seat)
                if found is None:
                    return
                said = " ".join(sorted(found & self.about))
                if said:
                    yield f"id: {_milliseconds(self.looked)}\ndata: {said}\n\n"
                    await asyncio.sleep(gap)
                else:
                    yield STILL_HERE
                gap = min(2 * gap, _GAPS[1]) if said and seat.is_rung else _GAPS[0]
                await seat.rung(KEEP_ALIVE_EVERY)

    async def _look(self, seat: Seat) -> frozenset[HintKind] | None:
        """What concerns the reader since the last look; None when their session is over. Who they are and what they
        see is asked anew each time.
        """
        numbers, anything, account = seat.take()
        messages = seat.take_messages()
        before, now = self.looked, self.services.clock()
        try:
            seat.viewer = viewer_of(await self.present())
        except NotSignedIn:
            return None
        async with autocommit(self.services.engine).connect() as connection:
            kinds = await kinds_of(connection, seat.viewer, numbers) if numbers else frozenset[HintKind]()
            if anything and now - before > _LONGEST_BACK:
                kinds = _EVERY_KIND
            elif anything:
                kinds |= await self._missed(connection, seat.viewer, before - _MARGIN)
            elif not (numbers or messages):
                kinds |= await self._missed(connection, seat.viewer, before)
        self.looked = now
        told = {HintKind.ACCOUNT: account, HintKind.MESSAGES: messages}
        return kinds | {kind for kind, is_so in told.items() if is_so}

    async def _missed(self, connection: Connection, viewer: Viewer, since: datetime) -> frozenset[HintKind]:
        """What nobody rang for, or while nobody listened; nothing is asked that the page has not asked for."""
        kinds = frozenset[HintKind]()
        if self.about - _OF_NO_RECORD:
            kinds = await kinds_since(connection, viewer, since)
        if HintKind.MESSAGES in self.about and await has_messages_since(connection, viewer.person, since):
            kinds |= {HintKind.MESSAGES}
        return kinds


def _instant(milliseconds: str | None, now: datetime) -> datetime:
    """Never later than now; now for none."""
    return now if milliseconds is None else min(now, datetime.fromtimestamp(int(milliseconds) / 1000, UTC))


def _milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
