"""A whole stack whose connectors and mails reach servers of the test, and words that can be recognised."""

import os
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from pydantic import BaseModel
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from steadydesk.configuration.install import DEMO, install_demo
from steadydesk.settings import Settings
from steadydesk.stack.ports import free_ports
from steadydesk.stack.postgres import NOT_DURABLE
from steadydesk.stack.preparation import Contents, steadydesk_contents
from steadydesk.stack.supervisor import Stack, Variation, running_stack
from tests.support.stacks import stack_settings

CANARY = "kanarienvogel"
"""Part of every word that somebody writes in these tests, and of every secret."""
SECRETS = {
    "DEMO_CLOUD_TOKEN": f"{CANARY}-cloud-token",
    "DEMO_MONITORING_SIGNATURE": "whsec_a2FuYXJpZW52b2dlbC1zaWduYXR1cmUtb2YtaG9va3M=",
}


@dataclass
class Outside:
    """What reached the servers outside."""

    requests: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Response:
        self.requests.append(f"{request.method} {request.path}")
        state = {"state": "running", "said": f"{CANARY} of the remote"}
        return Response(str(state).replace("'", '"'), content_type="application/json")

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.mails.append(str(envelope.content))
        return "250 OK"


@dataclass
class Desk:
    """The running stack and a client for each of its people."""

    stack: Stack
    outside: Outside
    client: httpx2.AsyncClient

    def headers(self, who: str) -> dict[str, str]:
        assert self.stack.credentials is not None
        tokens = {user.user_name: user.token for user in self.stack.credentials.users}
        return {"Authorization": f"Bearer {tokens[who]}"}

    async def call(self, who: str, method: str, path: str, body: Any = None) -> Any:
        response = await self.client.request(method, f"/api/v1{path}", json=body, headers=self.headers(who))
        assert response.status_code in (200, 201, 202, 204), f"{method} {path}: {response.text}"
        return response.json() if response.content else None


@asynccontextmanager
async def security_desk(folder: Path) -> AsyncIterator[Desk]:
    """Started with the secrets of the demo in its environment."""
    outside = Outside()
    (mail_port,) = free_ports(1)
    mails = Controller(outside, hostname="127.0.0.1", port=mail_port)
    server = HTTPServer(host="127.0.0.1", port=0)
    server.expect_request(re.compile(".*")).respond_with_handler(outside.answer)
    server.start()
    mails.start()
    kept = {name: os.environ.get(name) for name in SECRETS}
    os.environ.update(SECRETS)
    try:
        async with _stack(folder, server.port, mail_port) as (stack, client):
            yield Desk(stack, outside, client)
    finally:
        _restore(kept)
        mails.stop()
        server.stop()


@asynccontextmanager
async def _stack(folder: Path, remote: int, mail: int) -> AsyncIterator[tuple[Stack, httpx2.AsyncClient]]:
    organisation = folder / "organisation"
    shutil.copytree(DEMO, organisation)
    connectors = organisation / "connectors.yaml"
    connectors.write_text(connectors.read_text().replace("127.0.0.1:8090", f"127.0.0.1:{remote}"))
    (metrics,) = free_ports(1)
    settings = stack_settings(
        folder / "state",
        quota_per_minute=10_000_000,
        egress_allow=(f"127.0.0.1:{remote}",),
        smtp_url=f"smtp://127.0.0.1:{mail}",
        worker_metrics_port=metrics,
        log_level="debug",
    )
    variation = Variation(contents=_contents(organisation), postgres_settings=NOT_DURABLE)
    async with (
        running_stack(settings, variation=variation) as stack,
        httpx2.AsyncClient(base_url=origin_of(stack), timeout=30) as client,
    ):
        yield stack, client


def origin_of(stack: Stack) -> str:
    """Scheme, host and port of the API."""
    return f"http://127.0.0.1:{stack.settings.api_port}"


def _contents(organisation: Path) -> Contents:
    async def install(url: str, settings: Settings) -> Sequence[BaseModel]:
        return await install_demo(url, settings, folder=organisation)

    return replace(steadydesk_contents(), install_demo=install)


def _restore(kept: dict[str, str | None]) -> None:
    for name, value in kept.items():
        os.environ.pop(name)
        if value is not None:
            os.environ[name] = value
