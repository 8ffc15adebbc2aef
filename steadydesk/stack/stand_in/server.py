"""The systems of the demo on HTTP: a call, whether it may be made, its answer; loopback only."""

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import urlsplit

from pydantic import JsonValue
from standardwebhooks import Webhook, WebhookVerificationError

from steadydesk.stack.stand_in.page import page
from steadydesk.stack.stand_in.secrets import CLOUD_TOKEN, MONITORING_SIGNATURE
from steadydesk.stack.stand_in.systems import Systems

HOST: Final = "127.0.0.1"

_LARGEST = 1_000_000
_SILENCE = 30
"""Seconds after which a connection that sends nothing is closed."""


def server(port: int, systems: Systems, secrets: Mapping[str, str]) -> ThreadingHTTPServer:
    """Bound to the port of the loopback; `secrets` as the environment has them."""
    lock = threading.Lock()

    class Bound(_Calls):
        pass

    Bound.systems, Bound.secrets, Bound.lock = systems, secrets, lock
    return ThreadingHTTPServer((HOST, port), Bound)


class _Calls(BaseHTTPRequestHandler):
    """One connection. Everything that changes or reads the systems holds `lock`."""

    protocol_version = "HTTP/1.1"
    timeout = _SILENCE
    systems: Systems
    secrets: Mapping[str, str]
    lock: threading.Lock

    def do_GET(self) -> None:
        self._answer()

    do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815

    def _answer(self) -> None:
        body = self._body()
        path = urlsplit(self.path).path
        if body is None:
            self.close_connection = True
            self._send(413, {"error": "too large"})
        elif self.headers.get("Host", "").partition(":")[0] not in (HOST, "localhost"):
            self._send(421, {"error": "asked under another name"})
        elif path == "/" and self.command == "GET":
            with self.lock:
                shown = page(self.systems)
            self._send_bytes(200, shown.encode(), "text/html; charset=utf-8")
        else:
            self._send(*self._asked(path, body))

    def _asked(self, path: str, body: bytes) -> tuple[int, JsonValue]:
        if not self._may(path, body):
            return 401, {"error": "the token or signature is not the demo's"}
        if self.command == "GET":
            with self.lock:
                return self.systems.read(path)
        key = self.headers.get("Idempotency-Key") or self.headers.get("webhook-id")
        if not key:
            return 400, {"error": "a call that changes something needs an Idempotency-Key"}
        try:
            sent: JsonValue = json.loads(body) if body else None
        except ValueError:
            return 400, {"error": "the body is no JSON"}
        with self.lock:
            return self.systems.change(self.command, path, key, sent, _now())

    def _may(self, path: str, body: bytes) -> bool:
        if path.startswith("/machines/"):
            return self.headers.get("Authorization") == f"Bearer {self.secrets[CLOUD_TOKEN]}"
        if path.startswith("/hooks/"):
            return self._is_signed(body)
        return True

    def _is_signed(self, body: bytes) -> bool:
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            Webhook(self.secrets[MONITORING_SIGNATURE]).verify(body, headers)
        except (WebhookVerificationError, ValueError):
            return False
        return True

    def _body(self) -> bytes | None:
        """None when it is too large or its length is not said."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _LARGEST or self.headers.get("Transfer-Encoding"):
            return None
        return self.rfile.read(int(length))

    def _send(self, status: int, answer: JsonValue) -> None:
        content = b"" if answer is None else json.dumps(answer, ensure_ascii=False).encode()
        self._send_bytes(status, content, "application/json")

    def _send_bytes(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of http.server
        print(f"{_now()} {format % args}", flush=True)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
