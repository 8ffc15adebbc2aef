"""Where connections really go: to the checked number, under the checked name, past no proxy."""

import asyncio
import ssl
from datetime import timedelta

import pytest

from steadydesk.connectors.errors import Blocked, Unavailable
from steadydesk.egress.exchange import HttpExchange, HttpRequest
from steadydesk.egress.guard import EgressGuard
from tests.connectors.remote import NOW, Certificate, Names, Remote, served


def exchange_with(guard: EgressGuard, tls: ssl.SSLContext | None = None) -> HttpExchange:
    return HttpExchange(guard, tls or ssl.create_default_context(), lambda: NOW)


async def test_rebinding_changes_nothing_because_the_name_is_resolved_once(remote: Remote) -> None:
    # The first answer is the allowed one; a second question would be answered with another house.
    names = Names({"app.corp": [["127.0.0.1"], ["127.0.0.2"]]})
    request = HttpRequest("GET", f"http://app.corp:{remote.port}/a", {})
    answer = await exchange_with(EgressGuard(["127.0.0.1"], names)).send(request, timedelta(seconds=2))
    assert answer.status == 200
    assert names.asked == ["app.corp"]
    assert remote.received[0].headers["host"] == f"app.corp:{remote.port}"


async def test_a_name_rebound_to_loopback_reaches_nothing(remote: Remote) -> None:
    names = Names({"app.example": [["1.1.1.1"], ["127.0.0.1"]]})
    guard = EgressGuard([], names)
    url = f"https://app.example:{remote.port}/"
    assert (await guard.check_url(url)).addresses == ("1.1.1.1",)
    with pytest.raises(Blocked):
        await exchange_with(guard).send(HttpRequest("GET", url, {}), timedelta(seconds=2))
    assert remote.received == []


async def test_certificate_and_sni_are_of_the_name_while_the_connection_is_pinned(
    certificate: Certificate,
) -> None:
    names = Names({"directory.example": [["127.0.0.1"]], "other.example": [["127.0.0.1"]]})
    asked_for: list[str | None] = []
    certificate.server.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    async with served(certificate.server) as secure:
        exchange = exchange_with(EgressGuard(["127.0.0.0/8"], names), certificate.client)
        good = HttpRequest("GET", f"https://directory.example:{secure.port}/", {})
        assert (await exchange.send(good, timedelta(seconds=2))).status == 200
        wrong_name = HttpRequest("GET", f"https://other.example:{secure.port}/", {})
        with pytest.raises(Unavailable, match="no connection"):
            await exchange.send(wrong_name, timedelta(seconds=2))
        number = HttpRequest("GET", f"https://127.0.0.1:{secure.port}/", {})
        names.answers["127.0.0.1"] = [["127.0.0.1"]]
        assert (await exchange.send(number, timedelta(seconds=2))).status == 200
    assert asked_for == ["directory.example", "other.example", None]
    assert secure.received[0].headers["host"] == f"directory.example:{secure.port}"


async def test_the_second_address_is_tried_when_the_first_does_not_listen(remote: Remote) -> None:
    guard = EgressGuard(["127.0.0.0/8"], Names({"app.corp": [["127.0.0.9", "127.0.0.1"]]}))
    request = HttpRequest("POST", f"http://app.corp:{remote.port}/", {}, b"{}")
    assert (await exchange_with(guard).send(request, timedelta(seconds=2))).status == 200
    destination, connection = await guard.connect("app.corp", remote.port, encrypted=False)
    try:
        assert connection.getpeername() == ("127.0.0.1", remote.port)
        assert destination.host == "app.corp"
    finally:
        connection.close()
    assert [received.body for received in remote.received if received.method == "POST"] == [b"{}"]


async def test_proxies_of_the_environment_are_not_used(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        request = HttpRequest("GET", f"{remote.url}/direct", {})
        await exchange_with(EgressGuard(["127.0.0.1"])).send(request, timedelta(seconds=2))
        assert proxy.received == []
    assert [received.target for received in remote.received] == ["/direct"]


async def test_nobody_listens(unused_tcp_port: int) -> None:
    guard = EgressGuard(["127.0.0.1"])
    async with asyncio.timeout(2):
        with pytest.raises(Unavailable, match=f"no connection to 127.0.0.1:{unused_tcp_port}"):
            await guard.connect("127.0.0.1", unused_tcp_port, encrypted=False)
