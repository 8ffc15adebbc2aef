"""The world outside: an HTTP server on loopback that fails, delays and loses replies, and answers by key.

It never recognises a repeat: whoever sends a key twice causes two effects, and its rows show both.
"""

import asyncio
import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

MADE, TAKEN_BACK = "/made", "/taken-back"
_FAULTY_REQUESTS = 2
"""Requests of one key that may meet a fault; later ones are served, so that everything ends."""
_SLOW_SECONDS = 2.6
"""Longer than a step's time-out of two seconds, shorter than the three after which a lookup is asked."""


class Fate(StrEnum):
    """What becomes of one request."""

    SERVE = "serve"
    BUSY = "busy"
    FAIL_BEFORE = "fail_before"
    FAIL_AFTER = "fail_after"
    LOSE_BEFORE = "lose_before"
    LOSE_AFTER = "lose_after"
    SLOW_BEFORE = "slow_before"
    """It waits, then acts, also when nobody listens any more."""
    SLOW_AFTER = "slow_after"


@dataclass(frozen=True)
class Row:
    """One effect: what was made or taken back, under which key."""

    kind: str
    key: str
    line: str
    step: str


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    key: str
    body: dict[str, Any]


class Outside:
    """The server; read its rows when nothing calls it any more."""

    def __init__(self, seed: int, trouble: float) -> None:
        self.rows: list[Row] = []
        self.fates: Counter[Fate] = Counter()
        self.port = 0
        self._seed = seed
        self._trouble = trouble
        self._seen: Counter[tuple[str, str]] = Counter()
        self._serving = 0
        self._stopped = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stopped.wait()
        server.close()
        while self._serving:
            await asyncio.sleep(0.05)

    def stop(self) -> None:
        """From another thread."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._stopped.set)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving += 1
        try:
            answer = await self._answer(await _read(reader))
            if answer is not None:
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # The caller was killed; what was done stays done.
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self._serving -= 1

    async def _answer(self, request: _Request) -> bytes | None:
        fate = self._fate(request)
        self.fates[fate] += 1
        match fate:
            case Fate.BUSY:
                return _reply(503, retry_after=1)
            case Fate.FAIL_BEFORE:
                return _reply(500)
            case Fate.LOSE_BEFORE:
                return None
            case Fate.SLOW_BEFORE:
                await asyncio.sleep(_SLOW_SECONDS)
        answer = self._act(request)
        match fate:
            case Fate.FAIL_AFTER:
                return _reply(500)
            case Fate.LOSE_AFTER:
                return None
            case Fate.SLOW_AFTER:
                await asyncio.sleep(_SLOW_SECONDS)
        return answer

    def _fate(self, request: _Request) -> Fate:
        """Drawn from seed, key and how often the key came; the same in every run of a seed."""
        self._seen[request.method, request.key] += 1
        count = self._seen[request.method, request.key]
        draw = random.Random(f"{self._seed} {request.method} {request.key} {count}")
        if count > _FAULTY_REQUESTS or draw.random() > self._trouble:
            return Fate.SERVE
        return draw.choice([fate for fate in Fate if fate is not Fate.SERVE])

    def _act(self, request: _Request) -> bytes:
        if request.method == "GET":
            return self._look(request.path)
        if request.body.get("refuse"):
            return _reply(422)
        self.rows.append(Row(request.path, request.key, request.body["line"], request.body["step"]))
        return _reply(201, {"number": len(self.rows)})

    def _look(self, path: str) -> bytes:
        _, place, *rest = path.split("/")
        if place == "by-key":
            found = any(row.key == unquote(rest[0]) for row in self.rows)
        else:
            found = self.standing(*map(unquote, rest)) > 0
        return _reply(200 if found else 404, {})

    def standing(self, line: str, step: str) -> int:
        """How often the thing was made and not taken back later."""
        count = 0
        for row in self.rows:
            if (row.line, row.step) == (line, step):
                count = count + 1 if row.kind == MADE else max(0, count - 1)
        return count


async def _read(reader: asyncio.StreamReader) -> _Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return _Request(method, path, headers.get("idempotency-key", ""), json.loads(body) if body else {})


def _reply(status: int, body: object = None, retry_after: int | None = None) -> bytes:
    text = b"" if body is None else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(text)}", "Connection: close"]
    if retry_after is not None:
        lines.append(f"Retry-After: {retry_after}")
    return "\r\n".join([*lines, "", ""]).encode() + text


@contextmanager
def running_outside(seed: int, trouble: float = 0.2) -> Iterator[Outside]:
    """The server in a thread of its own: no kill reaches it, and the clients do not slow it down."""
    outside = Outside(seed, trouble)
    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(outside.serve(ready)), name="outside")
    thread.start()
    ready.wait()
    try:
        yield outside
    finally:
        outside.stop()
        thread.join()
