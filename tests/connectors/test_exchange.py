import asyncio
import gzip
import logging
import ssl
import time
from datetime import timedelta

import pytest

from steadydesk.connectors.errors import OutcomeUnknown, Unavailable
from steadydesk.egress.exchange import HttpExchange, HttpRequest
from steadydesk.egress.guard import EgressGuard
from tests.connectors.remote import NOW, Answer, Remote, cut, drip, hang, lose, reply, silent

# What is sent or answered must fit into SHORT also where the whole machine is busy with other tests.
AMPLE = timedelta(seconds=10)
SHORT = timedelta(seconds=1)


def post(remote: Remote) -> HttpRequest:
    return HttpRequest("POST", f"{remote.url}/things", {"Content-Type": "application/json"}, b"{}")


async def test_the_request_and_the_answer_are_carried_whole(remote: Remote, exchange: HttpExchange) -> None:
    remote.answers = [reply(201, b'{"id": 7}', {"Location": "/things/7"})]
    answer = await exchange.send(post(remote), AMPLE)
    assert (answer.status, answer.body, answer.headers["location"]) == (201, b'{"id": 7}', "/things/7")
    received = remote.received[0]
    assert (received.method, received.target, received.body) == ("POST", "/things", b"{}")
    assert received.headers["user-agent"] == "Steadydesk"


@pytest.mark.parametrize("answer", [lose, hang])
async def test_a_lost_answer_is_unknown_because_the_remote_acted(
    answer: Answer, remote: Remote, exchange: HttpExchange
) -> None:
    remote.answers = [answer]
    with pytest.raises(OutcomeUnknown, match="its answer was lost"):
        await exchange.send(post(remote), SHORT)
    assert len(remote.received) == 1


async def test_no_listener_is_unavailable(exchange: HttpExchange, unused_tcp_port: int) -> None:
    with pytest.raises(Unavailable, match="no connection"):
        await exchange.send(HttpRequest("POST", f"http://127.0.0.1:{unused_tcp_port}/", {}), AMPLE)


async def test_a_name_service_that_hangs_is_unavailable_in_time() -> None:
    async def slow(host: str, port: int) -> list[str]:
        del host, port
        await asyncio.sleep(5)
        return ["1.1.1.1"]

    exchange = HttpExchange(EgressGuard([], slow), ssl.create_default_context(), lambda: NOW)
    with pytest.raises(Unavailable, match="no answer in time"):
        await exchange.send(HttpRequest("POST", "https://outside.example/", {}), SHORT)


async def test_a_server_that_accepts_but_never_speaks_tls_got_nothing() -> None:
    async with silent() as port:
        exchange = HttpExchange(EgressGuard(["127.0.0.1"]), ssl.create_default_context(), lambda: NOW)
        with pytest.raises(Unavailable):
            await exchange.send(HttpRequest("POST", f"https://127.0.0.1:{port}/", {}), SHORT)


async def test_an_endless_body_stops_at_the_cap(remote: Remote, exchange: HttpExchange) -> None:
    remote.answers = [drip(200, b"x" * 4000, 0)]
    answer = await exchange.send(post(remote), AMPLE)
    assert (answer.status, answer.body) == (200, None)
    assert answer.excerpt == "x" * 2000


async def test_a_slow_body_stops_at_the_time_out(remote: Remote, exchange: HttpExchange) -> None:
    remote.answers = [drip(200, b"x", 0.05)]
    started = time.monotonic()
    answer = await exchange.send(post(remote), SHORT)
    assert (answer.status, answer.body) == (200, None)
    assert time.monotonic() - started < 10


async def test_a_body_that_breaks_off_is_no_body(remote: Remote, exchange: HttpExchange) -> None:
    remote.answers = [cut(200, b'{"id": 7}')]
    answer = await exchange.send(post(remote), AMPLE)
    assert (answer.status, answer.body) == (200, None)


async def test_a_compressed_bomb_is_capped_after_decoding(remote: Remote, exchange: HttpExchange) -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    remote.answers = [reply(200, bomb, {"Content-Encoding": "gzip"})]
    answer = await exchange.send(post(remote), AMPLE)
    assert answer.body is None


async def test_redirects_are_answers(remote: Remote, exchange: HttpExchange) -> None:
    remote.answers = [reply(307, b"", {"Location": f"{remote.url}/elsewhere"})]
    assert (await exchange.send(post(remote), AMPLE)).status == 307
    assert len(remote.received) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("120", timedelta(minutes=2)), ("Wed, 04 Mar 2026 05:07:07 GMT", timedelta(minutes=1)), ("soon", None)],
)
async def test_retry_after(
    text: str, expected: timedelta | None, remote: Remote, exchange: HttpExchange
) -> None:
    remote.answers = [reply(503, b"", {"Retry-After": text})]
    assert (await exchange.send(post(remote), AMPLE)).retry_after == expected


async def test_no_log_line_holds_a_url(
    remote: Remote, exchange: HttpExchange, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await exchange.send(HttpRequest("GET", f"{remote.url}/people/canary?q=canary", {}), AMPLE)
    assert "canary" not in caplog.text
