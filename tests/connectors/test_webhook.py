import json
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from steadydesk.connectors.errors import (
    BadConfiguration,
    BadValue,
    Blocked,
    NeedsPerson,
    Refused,
    Unavailable,
)
from steadydesk.connectors.protocol import ConnectorCall, ConnectorResult
from steadydesk.connectors.webhook import (
    WebhookConfiguration,
    WebhookConnector,
    WebhookEvent,
    WebhookSender,
    signature_headers,
)
from steadydesk.egress.exchange import HttpExchange
from steadydesk.egress.guard import EgressGuard
from tests.connectors.remote import Remote, hang, lose, reply

MakeCall = Callable[..., ConnectorCall]
OLD = "whsec_" + "b2xk" * 8
NEW = "whsec_" + "bmV3" * 8
OTHER = "whsec_" + "b3Ro" * 8
SECRETS = {"secret://old": OLD, "secret://new": NEW}
VALUES: dict[str, Any] = {
    "timestamp": "2026-03-04T05:06:07Z",
    "data": {"number": "REQ0000001", "text": "Zo\u00eb"},
}


def connector_for(remote: Remote) -> WebhookConnector:
    # The receiver's library compares with its own clock, so the sender has a real one here.
    def now() -> datetime:
        return datetime.now(UTC)

    exchange = HttpExchange(EgressGuard(["127.0.0.1"]), ssl.create_default_context(), now)
    settings = WebhookConfiguration(url=f"{remote.url}/hook", secrets=("secret://new", "secret://old"))
    return WebhookConnector(settings, WebhookSender(exchange, now))


async def test_the_receiver_verifies_with_either_secret(remote: Remote, call: MakeCall) -> None:
    await connector_for(remote).perform(
        call("request.approved", VALUES, secrets=SECRETS, key="REQ0000001:n:7")
    )
    received = remote.received[0]
    headers = dict(received.headers)
    for secret in (OLD, NEW):
        assert Webhook(secret).verify(received.body, headers) == {"type": "request.approved", **VALUES}
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(received.body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(received.body.replace(b"REQ0000001", b"REQ0000002"), headers)
    assert headers["webhook-id"] == "REQ0000001:n:7"
    assert headers["content-type"] == "application/json"
    assert len(headers["webhook-signature"].split(" ")) == 2


async def test_a_repeat_has_the_same_id_and_body(remote: Remote, call: MakeCall) -> None:
    remote.answers = [lose, reply(204)]
    connector = connector_for(remote)
    request = call("request.approved", VALUES, secrets=SECRETS)
    with pytest.raises(Unavailable, match="its answer was lost"):
        await connector.perform(request)
    await connector.perform(request)
    first, second = remote.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_success_is_delivered(status: int, remote: Remote, call: MakeCall) -> None:
    remote.answers = [reply(status)]
    result = await connector_for(remote).perform(call("a.b", VALUES, secrets=SECRETS))
    assert result.external_reference == "REQ0000001:grant:directory"


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 503])
async def test_other_answers_are_tried_again(status: int, remote: Remote, call: MakeCall) -> None:
    remote.answers = [reply(status, b"", {"Retry-After": "9", "Location": "http://127.0.0.1:1/"})]
    with pytest.raises(Unavailable) as raised:
        await connector_for(remote).perform(call("a.b", VALUES, secrets=SECRETS))
    assert (raised.value.status, raised.value.retry_after) == (status, timedelta(seconds=9))
    assert len(remote.received) == 1


async def test_gone_ends_the_subscription(remote: Remote, call: MakeCall) -> None:
    remote.answers = [reply(410)]
    with pytest.raises(Refused, match="no more"):
        await connector_for(remote).perform(call("a.b", VALUES, secrets=SECRETS))


async def test_a_receiver_that_hangs_is_left_in_time(remote: Remote, call: MakeCall) -> None:
    remote.answers = [hang]
    with pytest.raises(Unavailable):
        await connector_for(remote).perform(call("a.b", VALUES, secrets=SECRETS, seconds=0.2))


async def test_subscriptions_cannot_point_into_the_house(remote: Remote) -> None:
    def now() -> datetime:
        return datetime.now(UTC)

    sender = WebhookSender(HttpExchange(EgressGuard(), ssl.create_default_context(), now), now)
    event = WebhookEvent(type="a.b", timestamp=now(), data={})
    for url in (f"{remote.url}/", f"https://127.0.0.1:{remote.port}/", "https://169.254.169.254/latest/"):
        with pytest.raises(Blocked):
            await sender.send(url, [SecretStr(NEW)], "id", event)
    assert remote.received == []


def test_the_signature_is_that_of_the_specification() -> None:
    # Example of the Standard Webhooks reference libraries' shared test.
    headers = signature_headers(
        [SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
    )
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "b2xk" * 8, "whsec_" + "b2xk" * 7, "whsec_" + "b2xk" * 30, "whsec_\u00e5\u00e5"]
)
async def test_bad_secrets_are_refused_without_being_shown(
    secret: str, remote: Remote, call: MakeCall
) -> None:
    with pytest.raises(BadConfiguration) as raised:
        await connector_for(remote).perform(
            call("a.b", VALUES, secrets={"secret://old": OLD, "secret://new": secret})
        )
    assert str(raised.value) == "a webhook secret is whsec_ and the base64 of 24 to 64 bytes"
    assert remote.received == []


@pytest.mark.parametrize(
    ("operation", "values", "field"),
    [
        ("no spaces", VALUES, "type"),
        ("a.b", {"data": {}}, "timestamp"),
        ("a.b", {**VALUES, "timestamp": "2026-03-04T05:06:07"}, "timestamp"),
        ("a.b", {**VALUES, "data": "text"}, "data"),
        ("a.b", {**VALUES, "more": 1}, "more"),
    ],
)
async def test_bad_events(
    operation: str, values: dict[str, Any], field: str, remote: Remote, call: MakeCall
) -> None:
    with pytest.raises(BadValue) as raised:
        await connector_for(remote).perform(call(operation, values, secrets=SECRETS))
    assert raised.value.field == field


def test_configuration_and_undo() -> None:
    with pytest.raises(ValidationError, match="only absolute https"):
        WebhookConfiguration(url="ftp://x", secrets=("secret://a",))
    with pytest.raises(ValidationError):
        WebhookConfiguration(url="https://x", secrets=())


async def test_undo_needs_a_person(remote: Remote, call: MakeCall) -> None:
    with pytest.raises(NeedsPerson):
        await connector_for(remote).undo(call("a.b", VALUES), ConnectorResult())


def test_the_body_is_compact_json_in_utc() -> None:
    east = datetime.fromisoformat("2026-03-04T07:06:07.5+02:00")
    body = WebhookEvent(type="a.b", timestamp=east, data={"x": 1}).body()
    assert json.loads(body)["timestamp"] == "2026-03-04T05:06:07.500000Z"
    assert b" " not in body
