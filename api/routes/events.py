"""A record's timeline as server-sent events, with resume where a reader left off."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from api.requests_read import RecordNumber, require, viewer_of
from api.security import Caller, Reader
from api.services import Services
from api.state import ServicesOf
from steadydesk.policies.rights import Verb, may
from steadydesk.records.views.timeline import timeline
from steadydesk.records.views.visibility import relations

router = APIRouter(tags=["records"])

_LOOK_EVERY = 0.5
_KEEP_ALIVE_EVERY = 15.0
_LONGEST = 600.0
"""A stream ends after ten minutes; clients resume it by themselves with ``Last-Event-ID``."""


@router.get("/requests/{number}/events", response_class=StreamingResponse)
async def stream_events(
    number: RecordNumber,
    caller: Reader,
    services: ServicesOf,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=20)] = None,
) -> StreamingResponse:
    """Each step of the request as it happens; ``Last-Event-ID`` resumes after the step of that id."""
    async with services.engine.connect() as connection:
        await require(connection, caller, number, Verb.SEE)
    after = int(last_event_id) if last_event_id and last_event_id.isdecimal() else 0
    return StreamingResponse(
        _stream(services, caller, number, after),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(services: Services, caller: Caller, number: str, after: int) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    begun = spoken = loop.time()
    while loop.time() - begun < _LONGEST:
        async with services.engine.connect() as connection:
            # Asked anew each time: who lost sight of the record hears no more of it.
            seen = await relations(connection, viewer_of(caller), number)
            if not seen:
                return
            found = await timeline(connection, number, 200, after, work_notes=may(Verb.WORK_NOTE, seen))
        for entry in found:
            if entry.kind == "event":
                after = max(after, int(entry.id))
            yield f"id: {after}\nevent: {entry.event or entry.kind}\ndata: {entry.model_dump_json()}\n\n"
            spoken = loop.time()
        if loop.time() - spoken > _KEEP_ALIVE_EVERY:
            yield ": still here\n\n"
            spoken = loop.time()
        await asyncio.sleep(_LOOK_EVERY)
