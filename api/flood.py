"""One credential costs others little: its requests are worked on a few at a time, and those past its quota are
refused before anything else is done, and slowly.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem_response
from api.security import identity_of
from api.session_cookie import session_in
from steadydesk.errors import QuotaExceeded
from steadydesk.records.secrets import hash_of

_SCHEME = "bearer "
_READS = frozenset({"GET", "HEAD"})
_READS_AT_ONCE = 1
"""Reads keep this process busy, so that others have at most one of them before theirs."""

_COMMANDS_AT_ONCE = 8
"""Commands wait for Temporal most of their time."""

_REFUSAL_EVERY = 0.1
"""Seconds between two refusals of a credential, however many of its requests wait to be refused."""

_LONGEST_WAIT = 10.0


class FloodGate:
    """ASGI middleware over the credentials of requests, by the hashes of their tokens and session ids."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lanes: dict[str, _Lane] = {}
        self._refusals = _Refusals()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        credential = _credential(Headers(scope=scope)) if scope["type"] == "http" else None
        if credential is None:
            await self._app(scope, receive, send)
            return
        key = hash_of(credential)
        async with self._turn(key, scope["method"] in _READS) as turn:
            try:
                identity_of(scope["app"]).refuse_flood(key)
            except QuotaExceeded as refusal:
                turn.end()
                await self._refusals.wait(key)
                await problem_response(refusal)(scope, receive, send)
                return
            await self._app(scope, receive, turn.ending_with(send))

    @asynccontextmanager
    async def _turn(self, key: str, is_read: bool) -> AsyncIterator["_Turn"]:
        name = f"{key}:{is_read}"
        lane = self._lanes.setdefault(name, _Lane(_READS_AT_ONCE if is_read else _COMMANDS_AT_ONCE))
        lane.users += 1
        try:
            await lane.slots.acquire()
            turn = _Turn(lane)
            try:
                yield turn
            finally:
                turn.end()
        finally:
            lane.users -= 1
            if not lane.users:
                self._lanes.pop(name, None)


def _credential(headers: Headers) -> str | None:
    stated = headers.get("authorization", "")
    if stated.lower().startswith(_SCHEME):
        return stated[len(_SCHEME) :].strip()
    return session_in(headers)


class _Lane:
    """The requests of one credential: some are worked on, the rest wait in their order."""

    def __init__(self, at_once: int) -> None:
        self.slots = asyncio.Semaphore(at_once)
        self.users = 0


class _Turn:
    """One request that is worked on, until its answer begins: a stream does not keep others waiting."""

    def __init__(self, lane: _Lane) -> None:
        self._lane: _Lane | None = lane

    def end(self) -> None:
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.slots.release()

    def ending_with(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            self.end()
            await send(message)

        return sending


class _Refusals:
    """Spreads refusals over time; a request that waits costs nobody anything."""

    def __init__(self) -> None:
        self._next: dict[str, float] = {}

    async def wait(self, key: str) -> None:
        now = asyncio.get_running_loop().time()
        self._next = {each: at for each, at in self._next.items() if at > now}
        at = max(now, self._next.get(key, now)) + _REFUSAL_EVERY
        self._next[key] = min(at, now + _LONGEST_WAIT)
        await asyncio.sleep(self._next[key] - now)
