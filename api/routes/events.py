"""A record's timeline as server-sent events, with resume where a reader left off."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, FastAPI, Header, Request
from fastapi.responses import StreamingResponse

from api.requests_read import RecordNumber, require, viewer_of
from api.security import Caller, Reader
from api.services import Services
from api.state import ServicesOf
from steadydesk.contracts.views import TimelineEntry
from steadydesk.errors import QuotaExceeded
from steadydesk.policies.rights import Verb, may
from steadydesk.records.directory_standing import standing
from steadydesk.records.engine import Connection
from steadydesk.records.views.timeline import timeline
from steadydesk.records.views.visibility import relations

router = APIRouter(tags=["records"])

_LOOK_EVERY = 0.5
KEEP_ALIVE_EVERY = 15.0
LONGEST = 600.0
"""A stream ends after ten minutes; clients resume it by themselves with ``Last-Event-ID``."""
MOST_STREAMS = 10
"""Of one person at once, in one process of the API."""


@router.get("/requests/{number}/events", response_class=StreamingResponse)
async def stream_events(
    request: Request,
    number: RecordNumber,
    caller: Reader,
    services: ServicesOf,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", pattern="^[0-9]{1,9}$")] = None,
) -> StreamingResponse:
    """Each step of the request as it happens; ``Last-Event-ID`` resumes after the step of that id."""
    async with services.engine.connect() as connection:
        await require(connection, caller, number, Verb.SEE)
    streams = streams_of(request.app, caller.person.id)
    return sse(_stream(services, caller, number, int(last_event_id or 0), streams))


def sse(said: AsyncIterator[str]) -> StreamingResponse:
    """Server-sent events that nothing on their way keeps or holds back."""
    return StreamingResponse(
        said,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def streams_of(app: FastAPI, person: str) -> dict[str, int]:
    """How many each person has open in this process; QuotaExceeded where this one has no room for another."""
    if not hasattr(app.state, "streams"):
        app.state.streams = {}
    streams: dict[str, int] = app.state.streams
    if streams.get(person, 0) >= MOST_STREAMS:
        raise QuotaExceeded(
            f"{MOST_STREAMS} streams are open already", details={"retry_after": int(KEEP_ALIVE_EVERY)}
        )
    return streams


@contextmanager
def counted(streams: dict[str, int], person: str) -> Iterator[None]:
    streams[person] = streams.get(person, 0) + 1
    try:
        yield
    finally:
        streams[person] -= 1
        if not streams[person]:
            del streams[person]


async def _stream(
    services: Services, caller: Caller, number: str, after: int, streams: dict[str, int]
) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    begun = spoken = loop.time()
    with counted(streams, caller.person.id):
        while loop.time() - begun < LONGEST:
            async with services.engine.connect() as connection:
                found = await _news(connection, services, caller, number, after)
            if found is None:
                return
            for entry in found:
                if entry.kind == "event":
                    after = max(after, int(entry.id))
                yield f"id: {after}\nevent: {entry.event or entry.kind}\ndata: {entry.model_dump_json()}\n\n"
                spoken = loop.time()
            if loop.time() - spoken > KEEP_ALIVE_EVERY:
                yield ": still here\n\n"
                spoken = loop.time()
            await asyncio.sleep(_LOOK_EVERY)


async def _news(
    connection: Connection, services: Services, caller: Caller, number: str, after: int
) -> list[TimelineEntry] | None:
    """What came after a position. Who they are and what they see is asked anew each time: None for nothing more."""
    now = services.clock()
    present = await standing(connection, caller.id, now)
    if present is None or not present.person.active:
        return None
    if caller.acting_for is not None:
        present = present.model_copy(update={"stands_for": ()})
    seen = await relations(connection, viewer_of(replace(caller, standing=present, now=now)), number)
    if not seen:
        return None
    return await timeline(connection, number, 200, after, work_notes=may(Verb.WORK_NOTE, seen))
