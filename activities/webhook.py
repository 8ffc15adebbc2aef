"""The carrier of webhooks: one subscription's endpoint, signed, with the delivery's id as message id."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.carrier import Send, Withheld
from steadydesk.connectors.errors import BadConfiguration, Refused
from steadydesk.connectors.webhook import WebhookEvent, WebhookSender
from steadydesk.contracts.delivery import Channel
from steadydesk.policies.assertion import installed
from steadydesk.policies.delivery_payload import webhook_data
from steadydesk.records.delivery_content import Content, contents
from steadydesk.records.delivery_fanout import still_sees
from steadydesk.records.sealed import UnsealError
from steadydesk.records.subscription import Endpoint, endpoint, gone


class WebhookCarrier:
    """A receiver drops a repeat by its ``webhook-id``, so a lost answer is simply sent again."""

    channel = Channel.WEBHOOK

    def __init__(
        self, engine: AsyncEngine, sender: WebhookSender, subscription: str, public_url: str
    ) -> None:
        self._engine = engine
        self._sender = sender
        self._subscription = subscription
        self._public_url = public_url

    async def prepare(
        self, connection: AsyncConnection, ids: Sequence[str], now: datetime
    ) -> Mapping[str, Send | Withheld]:
        messages = await contents(connection, ids)
        try:
            target = await endpoint(connection, self._subscription, installed(), now)
        except UnsealError as error:
            return {message.id: _waits_for_a_secret(error) for message in messages}
        if target is None:
            return {message.id: Withheld("the subscription has ended") for message in messages}
        seen = await still_sees(connection, [(message, target.owner) for message in messages], now)
        return {
            message.id: self._send(target, message, now)
            if message.id in seen
            else Withheld("the owner may not see the record")
            for message in messages
        }

    def _send(self, target: Endpoint, message: Content, now: datetime) -> Send:
        event = WebhookEvent(
            type=message.event.wire_type,
            timestamp=message.at,
            data=webhook_data(
                message.event,
                number=message.number,
                subject=message.subject,
                sequence=message.seq,
                facts=message.facts,
                public_url=self._public_url,
            ),
        )
        secrets = [SecretStr(secret) for secret in target.secrets]

        async def send() -> None:
            try:
                await self._sender.send(target.url, secrets, message.id, event)
            except Refused:
                async with self._engine.begin() as connection:
                    await gone(connection, self._subscription, now)
                raise

        return send


def _waits_for_a_secret(error: UnsealError) -> Send:
    """Not sent unsigned, and not given up: the key can be put back, or the owner renews the secret."""

    async def send() -> None:
        raise BadConfiguration(f"the signing secret cannot be read: {error}")

    return send
