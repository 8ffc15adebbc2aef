"""The HTTP client of the measurements: connections that are kept open, read by the parser of the API's own server.

A call costs it a tenth of a millisecond. The client that the tests use takes ten times as long, all of it Python that
no user of the API waits for, and the bare side's client is compiled.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from httptools import HttpResponseParser

_KEPT_SECONDS = 2.0
"""The API closes a connection that nobody has used for five."""
_LONGEST = 30.0


class Wire:
    """``base``: the address of the API. As many calls may be under way as somebody makes."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        assert parts.hostname is not None
        assert parts.port is not None
        self._host, self._port, self._prefix = parts.hostname, parts.port, parts.path
        self._idle: list[_Connection] = []

    async def post(self, path: str, body: object, headers: Mapping[str, str]) -> tuple[int, Any]:
        """The status and the JSON of the answer."""
        content = json.dumps(body).encode()
        stated = {**headers, "Host": f"{self._host}:{self._port}", "Content-Type": "application/json"}
        lines = [f"{name}: {value}\r\n" for name, value in stated.items()]
        head = f"POST {self._prefix}{path} HTTP/1.1\r\n{''.join(lines)}Content-Length: {len(content)}\r\n\r\n"
        connection = await self._connection()
        status, answer = await asyncio.wait_for(connection.ask(head.encode() + content), _LONGEST)
        self._idle.append(connection)
        return status, json.loads(answer)

    def close(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle = []

    async def _connection(self) -> "_Connection":
        while self._idle:
            found = self._idle.pop()
            if found.is_fresh:
                return found
            found.close()
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(_Connection, self._host, self._port))[1]


class _Connection(asyncio.Protocol):
    """One call after the other."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._used = time.monotonic()
        self._answered: asyncio.Future[tuple[int, bytes]] | None = None
        self._body = bytearray()
        self._parser = HttpResponseParser(self)

    @property
    def is_fresh(self) -> bool:
        transport = self._transport
        return transport is not None and not transport.is_closing() and self._age < _KEPT_SECONDS

    @property
    def _age(self) -> float:
        return time.monotonic() - self._used

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        assert self._transport is not None
        self._body.clear()
        self._parser = HttpResponseParser(self)
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc or ConnectionResetError("the API closed the connection"))

    def on_body(self, body: bytes) -> None:
        """Of the parser: a part of the answer's body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Of the parser: the answer is whole."""
        self._used = time.monotonic()
        assert self._answered is not None
        self._answered.set_result((self._parser.get_status_code(), bytes(self._body)))
