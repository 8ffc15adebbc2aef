"""Outbound webhooks signed as the Standard Webhooks specification says. The message id is the idempotency
key, so that a receiver recognises a repeat; that is why a lost answer may simply be sent again.
"""

import base64
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    ValidationError,
    field_validator,
)
from standardwebhooks import Webhook

from steadydesk.connectors.errors import (
    BadConfiguration,
    BadValue,
    Blocked,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from steadydesk.connectors.one_way import OneWay
from steadydesk.connectors.protocol import ConnectorCall, ConnectorResult, OperationFacts
from steadydesk.connectors.secrets import SecretReference
from steadydesk.egress.exchange import HttpExchange, HttpRequest
from steadydesk.egress.guard import split_url

_PREFIX = "whsec_"


class WebhookConfiguration(BaseModel):
    """During a rotation `secrets` lists the new and the old one; every message carries a signature of
    each.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str
    secrets: Annotated[tuple[SecretReference, ...], Field(min_length=1, max_length=5)]

    @field_validator("url")
    @classmethod
    def _absolute(cls, url: str) -> str:
        try:
            split_url(url)
        except Blocked as error:
            raise ValueError(error.message) from None
        return url


class WebhookEvent(BaseModel):
    """The body of a message: `timestamp` is when the event happened, so that a repeat is byte for byte the
    same.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    type: str = Field(pattern=r"^[a-zA-Z0-9_]+(\.[a-zA-Z0-9_]+)*$", max_length=128)
    timestamp: AwareDatetime
    data: dict[str, JsonValue]

    def body(self) -> bytes:
        instant = self.timestamp.astimezone(UTC).isoformat().replace("+00:00", "Z")
        content = {"type": self.type, "timestamp": instant, "data": self.data}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


class WebhookSender:
    """Sends one signed message to one URL; used by the connector and by subscriptions."""

    def __init__(self, exchange: HttpExchange, now: Callable[[], datetime]) -> None:
        self._exchange = exchange
        self._now = now

    async def send(
        self,
        url: str,
        secrets: Sequence[SecretStr],
        message_id: str,
        event: WebhookEvent,
        timeout: timedelta = timedelta(seconds=15),
    ) -> None:
        """Returns when the receiver answered 2xx. Refused means 410: the subscription is to end. Any other
        answer is Unavailable, since the receiver drops a repeat by its id.
        """
        body = event.body()
        headers = signature_headers(secrets, message_id, self._now(), body)
        headers["Content-Type"] = "application/json"
        try:
            answer = await self._exchange.send(HttpRequest("POST", url, headers, body), timeout)
        except OutcomeUnknown as lost:
            raise Unavailable(lost.message) from None
        if answer.status == 410:
            raise Refused("the receiver wants no more of these messages (410)", status=410)
        if not 200 <= answer.status < 300:
            raise Unavailable(
                f"answered {answer.status}",
                status=answer.status,
                detail=answer.excerpt,
                retry_after=answer.retry_after,
            )


class WebhookConnector(OneWay):
    """Operation = event type; values = `{timestamp, data}`."""

    def __init__(self, configuration: WebhookConfiguration, sender: WebhookSender) -> None:
        super().__init__("Tell the receiver of the webhook that what it was told no longer holds.")
        self._configuration = configuration
        self._sender = sender
        self._host = urlsplit(configuration.url).hostname or ""

    def facts(self, operation: str) -> OperationFacts:
        del operation
        return OperationFacts(inputs=frozenset({"timestamp", "data"}), outputs=frozenset(), repeatable=True)

    async def perform(self, call: ConnectorCall) -> ConnectorResult:
        event = _event(call)
        secrets = [call.secrets.resolve(name, self._host) for name in self._configuration.secrets]
        key = call.idempotency_key
        await self._sender.send(self._configuration.url, secrets, key, event, call.timeout)
        return ConnectorResult(external_reference=key)


def signature_headers(
    secrets: Sequence[SecretStr], message_id: str, now: datetime, body: bytes
) -> dict[str, str]:
    """The three headers of Standard Webhooks; `now` is aware and the time of this attempt."""
    instant = now.astimezone(UTC)
    text = body.decode("utf-8")
    signatures = [_webhook(secret).sign(message_id, instant, text) for secret in secrets]
    if not signatures:
        raise BadConfiguration("a webhook needs at least one secret")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(instant.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _webhook(secret: SecretStr) -> Webhook:
    value = secret.get_secret_value()
    try:
        key = base64.b64decode(value.removeprefix(_PREFIX), validate=True)
    except ValueError:
        key = b""
    # The specification's limits; the library would also take an empty or a truncated text as a key.
    if not value.startswith(_PREFIX) or not 24 <= len(key) <= 64:
        raise BadConfiguration("a webhook secret is whsec_ and the base64 of 24 to 64 bytes")
    return Webhook(key)


def _event(call: ConnectorCall) -> WebhookEvent:
    try:
        # A configured name has hyphens where an event type has dots.
        return WebhookEvent.model_validate({**call.values, "type": call.operation.replace("-", ".")})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise BadValue(".".join(map(str, first["loc"])), str(first["msg"])) from None
