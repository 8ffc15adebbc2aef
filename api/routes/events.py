"""A record's timeline as server-sent events, with resume where a reader left off."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from api.record_stream import RecordStream
from api.requests_read import RequestNumber, require
from api.security import Reader, present_of
from api.state import ServicesOf
from api.streams import sse, streams_of
from steadydesk.policies.rights import Permission, Verb

router = APIRouter(tags=["records"])


@router.get("/requests/{number}/events", response_class=StreamingResponse)
async def stream_events(
    request: Request,
    number: RequestNumber,
    caller: Reader,
    services: ServicesOf,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", pattern="^[0-9]{1,9}$")] = None,
) -> StreamingResponse:
    """Each step of the request as it happens; ``Last-Event-ID`` resumes after the step of that id. It ends after ten
    minutes, and as soon as the token, the person's account or their sight of the request does.
    """
    async with services.engine.connect() as connection:
        await require(connection, caller, number, Verb.SEE)
    present = present_of(request, caller, Permission.READ)
    stream = RecordStream(services, caller, present, number, int(last_event_id or 0))
    return sse(stream.said(streams_of(request.app, caller.person.id)))
