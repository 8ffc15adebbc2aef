"""The HTTP client of the measurements: the standard library's, kept open, one per lane.

A call costs it a quarter of a millisecond. The client that the tests use takes three times as long, all of it Python
that no user of the API waits for, and the bare side's client is compiled.
"""

import asyncio
import json
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

_KEPT_SECONDS = 2.0
"""The API closes a connection that nobody has used for five."""


class Wire:
    """``base``: the address of the API; ``lanes``: how many calls may be under way."""

    def __init__(self, base: str, lanes: int = 32) -> None:
        parts = urlsplit(base)
        assert parts.hostname is not None
        self._host, self._port, self._prefix = parts.hostname, parts.port, parts.path
        self._lanes = ThreadPoolExecutor(lanes, thread_name_prefix="bench-wire")
        self._own = threading.local()

    async def post(self, path: str, body: object, headers: Mapping[str, str]) -> tuple[int, Any]:
        """The status and the JSON of the answer."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._lanes, self._post, path, body, headers)

    def close(self) -> None:
        self._lanes.shutdown()

    def _post(self, path: str, body: object, headers: Mapping[str, str]) -> tuple[int, Any]:
        connection = self._connection()
        stated = {**headers, "Content-Type": "application/json"}
        connection.request("POST", self._prefix + path, json.dumps(body), stated)
        with connection.getresponse() as answer:
            return answer.status, json.loads(answer.read())

    def _connection(self) -> HTTPConnection:
        found: HTTPConnection | None = getattr(self._own, "connection", None)
        now, used = time.monotonic(), getattr(self._own, "used", 0.0)
        self._own.used = now
        if found is None or now - used > _KEPT_SECONDS:
            found = self._own.connection = HTTPConnection(self._host, self._port, timeout=30)
        return found
