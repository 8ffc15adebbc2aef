"""Server-sent events: how they go out, how long, and how many one person may have open."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from steadydesk.errors import QuotaExceeded

KEEP_ALIVE_EVERY = 15.0
LONGEST = 600.0
"""A stream ends after ten minutes; clients resume it by themselves with ``Last-Event-ID``."""
MOST_STREAMS = 10
"""Of one person at once, in one process of the API."""
STILL_HERE = ": still here\n\n"


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
