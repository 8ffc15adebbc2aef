"""Deliveries: the activities behind the ``DLV-`` workflows."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client

from activities.carrier import Carrier
from activities.delivery_batch import Batch, Clock
from activities.heartbeat import beating
from activities.mail import MailCarrier
from activities.webhook import WebhookCarrier
from steadydesk.connectors.breaker import BreakerPolicy
from steadydesk.connectors.webhook import WebhookSender
from steadydesk.contracts.delivery import (
    FAN_OUT,
    FIND_UNSERVED,
    MAIL,
    PROCESSES,
    SEND_DUE,
    WAKE_DELIVERIES,
    FanOutDone,
    FanOutDue,
    SendDone,
    SendDue,
    SweepDone,
    SweepDue,
    WakeDue,
    subscription_of,
)
from steadydesk.contracts.queues import DELIVERIES
from steadydesk.orchestration.deliveries import wake_outbox, wake_target
from steadydesk.records import delivery
from steadydesk.records.bell import LIST, Bell
from steadydesk.records.delivery_fanout import fan_out

_UNSERVED_FOR = timedelta(seconds=30)
_WITHOUT_CARRIER = timedelta(minutes=15)

_log = structlog.get_logger(__name__)


class Carriers:
    """The carrier of each target. Without a mail server no mail is queued; ``processes`` takes messages to
    workflows.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        public_url: str,
        mail: MailCarrier | None,
        webhooks: WebhookSender,
        processes: Carrier | None = None,
    ) -> None:
        self._engine = engine
        self._public_url = public_url
        self._webhooks = webhooks
        self._own = {MAIL: mail, PROCESSES: processes}

    @property
    def has_mail(self) -> bool:
        return self._own[MAIL] is not None

    def carrier_to(self, target: str) -> Carrier | None:
        """None where the settings no longer have what the target needs."""
        subscription = subscription_of(target)
        if subscription is None:
            return self._own.get(target)
        return WebhookCarrier(self._engine, self._webhooks, subscription, self._public_url)


class Deliveries:
    """The activities. ``engine`` should allow a command some seconds: few of them hold a workflow task."""

    def __init__(
        self,
        engine: AsyncEngine,
        client: Client,
        carriers: Carriers,
        *,
        task_queue: str = DELIVERIES,
        breaker: BreakerPolicy | None = None,
        bell: Bell | None = None,
    ) -> None:
        self._engine = engine
        self._client = client
        self._carriers = carriers
        self._task_queue = task_queue
        self._breaker = breaker or BreakerPolicy()
        self._bell = bell

    def activities(self) -> list[Callable[..., Any]]:
        """What the worker of the deliveries queue registers."""
        return [self.fan_out, self.wake, self.send_due, self.find_unserved]

    @activity.defn(name=FAN_OUT)
    async def fan_out(self, due: FanOutDue) -> FanOutDone:
        """Turn waiting rows of the outbox into deliveries and in-app entries."""
        async with self._engine.begin() as connection:
            done = await fan_out(connection, now=due.now, limit=due.limit, mail=self._carriers.has_mail)
        if self._bell is not None:
            self._bell.ring(*(f"{LIST}{person}" for person in done.listed))
        return done

    @activity.defn(name=WAKE_DELIVERIES)
    async def wake(self, due: WakeDue) -> None:
        """Start or signal the delivery workflows of the targets."""
        calls = [wake_target(self._client, target, self._task_queue) for target in due.targets]
        if due.outbox:
            calls.append(wake_outbox(self._client, self._task_queue))
        await asyncio.gather(*calls)

    @activity.defn(name=SEND_DUE)
    async def send_due(self, due: SendDue) -> SendDone:
        """Send what is due at one target, for a while."""
        clock = Clock(due.now)
        carrier = self._carriers.carrier_to(due.target)
        if carrier is None:
            return await self._without_carrier(due)
        async with beating():
            batch = Batch(
                self._engine,
                carrier,
                due.target,
                clock,
                policy=self._breaker,
                stopping=activity.is_worker_shutdown,
            )
            return await batch.run(due.seconds)

    @activity.defn(name=FIND_UNSERVED)
    async def find_unserved(self, due: SweepDue) -> SweepDone:
        """What should have been served a while ago, so that nobody seems to have been woken for it."""
        async with self._engine.begin() as connection:
            outbox, targets = await delivery.unserved(connection, due.now - _UNSERVED_FOR)
        return SweepDone(outbox=outbox, targets=list(targets))

    async def _without_carrier(self, due: SendDue) -> SendDone:
        _log.warning("nothing carries messages to this target: its settings are gone", target=due.target)
        async with self._engine.begin() as connection:
            left = await delivery.left(connection, due.target)
        paused = due.now + _WITHOUT_CARRIER
        return SendDone(left=left.count, next_at=left.next_at, paused_until=paused if left.count else None)
