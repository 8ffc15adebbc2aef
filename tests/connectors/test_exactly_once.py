"""Against a remote that fails, delays and loses its reply at random, each effect happens exactly once when
the caller repeats only after Unavailable and asks by key after OutcomeUnknown.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from urllib.parse import unquote

import pytest

from steadydesk.connectors.errors import OutcomeUnknown, Unavailable
from steadydesk.connectors.http import HttpConnector
from steadydesk.connectors.http_model import HttpConfiguration
from steadydesk.connectors.protocol import ConnectorCall, ConnectorResult, Lookup, Outcome
from steadydesk.egress.exchange import HttpExchange
from tests.connectors.remote import Answer, Remote, hang, lose, reply

LOOKUP = {"operation": "find", "done": "status == `200`", "not_done": "status == `404`", "settle_seconds": 0}
OPERATIONS = {
    "make": {"method": "POST", "path": "/things", "body": {}, "outputs": {"id": "id"}, "lookup": LOOKUP},
    "find": {"method": "GET", "path": "/keys/{call.key}", "success": [200, 404], "outputs": {"id": "id"}},
}


class FlakyShop:
    """Acts on every POST it hears fully, without looking at the key: a repeat is a second effect."""

    def __init__(self, remote: Remote, seed: int) -> None:
        self._remote = remote
        self._random = random.Random(seed)
        self.made: Counter[str] = Counter()
        self.faults = 0

    async def answer(self, writer: asyncio.StreamWriter) -> None:
        request = self._remote.received[-1]
        if request.method == "GET":
            key = unquote(request.target.removeprefix("/keys/"))
            await (self._thing(key) if self.made[key] else reply(404, b"{}"))(writer)
            return
        key = request.headers["idempotency-key"]
        fault = self._random.choice(["none", "none", "busy", "lose", "hang", "crash", "garbage"])
        self.faults += fault != "none"
        if fault == "busy":
            await reply(503, b"", {"Retry-After": "0"})(writer)
            return
        self.made[key] += 1
        answers = {"lose": lose, "hang": hang, "crash": reply(500), "garbage": reply(200, b"{")}
        await answers.get(fault, self._thing(key))(writer)

    def _thing(self, key: str) -> Answer:
        return reply(200, json.dumps({"id": f"thing of {key}"}).encode())


async def _asked(connector: HttpConnector, call: ConnectorCall) -> Lookup:
    """A question may be repeated freely: on a busy machine its short time may be up."""
    while True:
        try:
            return await connector.lookup(call)
        except Unavailable:
            continue


async def settle(connector: HttpConnector, call: ConnectorCall) -> ConnectorResult:
    while True:
        try:
            return await connector.perform(call)
        except Unavailable:
            continue
        except OutcomeUnknown:
            found = await _asked(connector, call)
            if found.result is not None:
                return found.result
            assert found.outcome is Outcome.NOT_DONE


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_each_effect_happens_exactly_once(
    seed: int, remote: Remote, exchange: HttpExchange, call: Callable[..., ConnectorCall]
) -> None:
    shop = FlakyShop(remote, seed)
    remote.answers = [shop.answer]
    configuration = HttpConfiguration.model_validate({"base_url": remote.url, "operations": OPERATIONS})
    connector = HttpConnector(configuration, exchange)
    keys = [f"REQ{number:07}:make:shop" for number in range(25)]
    for key in keys:
        result = await settle(connector, call("make", key=key, seconds=0.3))
        assert result.outputs == {"id": f"thing of {key}"}
    assert shop.made == Counter(keys)
    assert shop.faults >= 10
