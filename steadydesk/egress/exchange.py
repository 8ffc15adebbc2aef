"""One guarded HTTP exchange with caps on time and size. It knows exactly whether anything was sent, and so
whether a failure means "try again" or "unknown".
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx2

from steadydesk.egress.errors import Blocked, OutcomeUnknown, Unavailable
from steadydesk.egress.guard import EgressGuard
from steadydesk.egress.retry_after import parse_retry_after
from steadydesk.egress.transport import guarded_client

_SENDING = frozenset({"http11.send_request_headers.started", "http2.send_request_headers.started"})


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """`url` is complete and encoded; header names and values are checked by the caller."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """`body` is None when it broke off, took too long or passed the cap; `excerpt` is what came of it."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    excerpt: str = field(repr=False)
    retry_after: timedelta | None


@dataclass(slots=True)
class _Progress:
    sent: bool = False
    status: int | None = None
    headers: httpx2.Headers = field(default_factory=httpx2.Headers)
    received: bytearray = field(default_factory=bytearray)
    complete: bool = False

    async def trace(self, event: str, _: Mapping[str, Any]) -> None:
        self.sent = self.sent or event in _SENDING

    async def read(self, response: httpx2.Response, cap: int) -> None:
        self.status, self.headers = response.status_code, response.headers
        async for chunk in response.aiter_bytes():
            self.received += chunk
            if len(self.received) > cap:
                return
        self.complete = True


class HttpExchange:
    """`cap` is the largest answer that is read, in bytes after decoding."""

    def __init__(
        self, guard: EgressGuard, tls: ssl.SSLContext, now: Callable[[], datetime], cap: int = 1_000_000
    ) -> None:
        self._guard = guard
        self._tls = tls
        self._now = now
        self._cap = cap

    async def send(self, request: HttpRequest, timeout: timedelta) -> HttpAnswer:
        """Raises Blocked or Unavailable when nothing was sent, OutcomeUnknown when the request may have
        arrived but no status came back. Redirects are answers like others.
        """
        progress = _Progress()
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                await self._send(request, progress, timeout.total_seconds() / 2)
        except TimeoutError:
            failure = "no answer in time"
        except httpx2.InvalidURL:
            raise Blocked("the URL cannot be read") from None
        except (httpx2.HTTPError, httpx2.StreamError, ssl.SSLError) as error:
            failure = type(error).__name__
        else:
            failure = ""
        if progress.status is not None:
            return self._answer(progress, progress.status)
        if progress.sent:
            raise OutcomeUnknown(f"the request was sent but its answer was lost ({failure})")
        raise Unavailable(f"no connection ({failure})")

    async def _send(self, request: HttpRequest, progress: _Progress, connect_seconds: float) -> None:
        # Connecting gets its own shorter time, because the library closes a half-made TLS connection only
        # when its own clock stops it.
        extensions = {"trace": progress.trace}
        async with (
            guarded_client(self._guard, self._tls, connect_seconds) as client,
            client.stream(
                request.method,
                request.url,
                headers=dict(request.headers),
                content=request.body,
                extensions=extensions,
            ) as response,
        ):
            await progress.read(response, self._cap)

    def _answer(self, progress: _Progress, status: int) -> HttpAnswer:
        received = bytes(progress.received)
        return HttpAnswer(
            status=status,
            headers=progress.headers,
            body=received if progress.complete else None,
            excerpt=received[:2000].decode("utf-8", "replace"),
            retry_after=parse_retry_after(progress.headers.get("Retry-After"), self._now()),
        )
