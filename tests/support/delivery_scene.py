"""People, records and messages in a database of their own, and everything that delivers them."""

import itertools
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.carrier import Carrier
from activities.delivery import Carriers, Deliveries
from activities.mail import MailCarrier, mail_server
from steadydesk.connectors.breaker import BreakerPolicy
from steadydesk.connectors.webhook import WebhookSender
from steadydesk.contracts.delivery import FanOutDone, Message, SendDone, SendDue, webhook_target
from steadydesk.contracts.queues import DELIVERIES
from steadydesk.contracts.subscription import NewSubscription, Subscription
from steadydesk.egress.exchange import HttpExchange
from steadydesk.egress.guard import EgressGuard
from steadydesk.policies.assertion import Keyring, install
from steadydesk.records import outbox, subscription
from steadydesk.records.delivery_fanout import fan_out
from steadydesk.records.engine import make_engine
from steadydesk.records.identifiers import new_id
from steadydesk.records.tables.delivery import delivery, in_app
from steadydesk.records.tables.directory import membership, person
from steadydesk.records.tables.effect import breaker
from steadydesk.records.tables.process import record, sight
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.databases import migrated_database

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
KEYRING = Keyring("k1", {"k1": b"k" * 32})
PUBLIC_URL = "https://desk.example"
_EMPTIED = (
    "outbox, delivery, in_app, subscription, preference, breaker, sight, record, text_body, delegation, gate, "
    "approver, configuration_version, role_holder, membership, person_group, person CASCADE"
)


class Scene:
    """The database of the tests of one module; ``clear`` empties it between tests."""

    def __init__(self, engine: AsyncEngine, owner: AsyncEngine) -> None:
        self.engine = engine
        self._owner = owner
        self._names = itertools.count(1)

    async def clear(self) -> None:
        async with self._owner.begin() as connection:
            await connection.execute(text(f"TRUNCATE {_EMPTIED}"))

    async def person(self, name: str = "Anna Ebert", groups: Sequence[str] = (), **more: Any) -> str:
        """A person with an address of their own; ``groups`` are made where they are missing."""
        identity = new_id("p")
        row = {"id": identity, "user_name": f"user{next(self._names)}", "name": name, "updated_at": NOW}
        row["email"] = f"{row['user_name']}@example.com"
        await self.add(person, row | more)
        for key in groups:
            async with self.engine.begin() as connection:
                await connection.execute(
                    text(
                        "INSERT INTO person_group (key, label, updated_at) VALUES (:key, :key, :now) "
                        "ON CONFLICT DO NOTHING"
                    ),
                    {"key": key, "now": NOW},
                )
            await self.add(membership, {"group_key": key, "person": identity})
        return identity

    async def record(self, number: str, seen_by: Sequence[str] = (), **more: Any) -> str:
        """A record and who sees it (``p:…``, ``g:…``, ``f:…``)."""
        row = {
            "number": number,
            "kind": number[:3],
            "owner": number,
            "state": "open",
            "phase": "received",
            "open": True,
            "short_description": {"en": "Laptop", "de": "Notebook"},
            "opened_by": "p_aaaaaaaaaaaa",
            "caller": "p_aaaaaaaaaaaa",
            "opened_at": NOW,
            "updated_at": NOW,
            "version": 1,
        }
        await self.add(record, row | more)
        for subject in seen_by:
            await self.see(subject, number)
        return number

    async def see(self, subject: str, number: str, **more: Any) -> None:
        seen = {"subject": subject, "number": number, "why": "requester", "open": True, "changed_at": NOW}
        await self.add(sight, seen | more)

    async def make_due(self) -> None:
        """Everything queued is due and no target is left alone, as after a retry by hand."""
        async with self.engine.begin() as connection:
            await connection.execute(
                delivery.update().where(delivery.c.ended_at.is_(None)).values(next_at=NOW)
            )
            await connection.execute(breaker.delete())

    async def hide(self, number: str) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(sight.delete().where(sight.c.number == number))

    async def post(
        self, number: str, audience: Sequence[str], event: str = "request.opened", **more: Any
    ) -> Message:
        """Write one message into the outbox."""
        identity = more.pop("id", f"{number}:step-{next(self._names)}")
        fixed = {"id": identity, "event": event, "number": number, "audience": list(audience)}
        message = Message.model_validate({"at": NOW} | more | fixed)
        async with self.engine.begin() as connection:
            await outbox.post(connection, [message])
        return message

    async def fan_out(self, now: datetime = NOW, *, mail: bool = True, limit: int = 100) -> FanOutDone:
        async with self.engine.begin() as connection:
            return await fan_out(connection, now=now, limit=limit, mail=mail)

    async def subscribe(self, owner: str, url: str, *events: str) -> Subscription:
        new = NewSubscription(url=url, events=list(events) or ["*"])
        async with self.engine.begin() as connection:
            return await subscription.create(connection, owner, new, KEYRING, NOW)

    async def count(self) -> None:
        """The planner learns what there is, as it does sooner or later by itself."""
        async with self._owner.begin() as connection:
            await connection.execute(text("ANALYZE"))

    async def add(self, table: Table, row: dict[str, Any] | list[dict[str, Any]]) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(insert(table).values(row))

    async def rows(self, table: Table) -> list[Any]:
        async with self.engine.begin() as connection:
            return list((await connection.execute(select(table))).all())

    async def states(self) -> list[tuple[str, int, str | None]]:
        """(state, attempts, problem) of all deliveries in the order of their messages."""
        rows = sorted(await self.rows(delivery), key=lambda row: (row.seq, row.recipient))
        return [(row.state, row.attempts, row.problem) for row in rows]

    async def in_app(self) -> list[tuple[str, str]]:
        return sorted((row.person, row.number) for row in await self.rows(in_app))

    async def one_mail(self, number: str = "REQ0000001", **more: Any) -> str:
        """A person, a record that they see, and one message to them, fanned out; the person's id."""
        anna = await self.person(more.pop("name", "Anna Ebert"), **more.pop("person", {}))
        await self.record(number, [f"p:{anna}"], **more.pop("record", {}))
        await self.post(number, [f"p:{anna}"], **more)
        await self.fan_out()
        return anna

    async def hooked(self, url: str, *numbers: str) -> Subscription:
        """A subscription to everything, whose owner sees the numbers."""
        owner = await self.person("Robot", service_account=True)
        for number in numbers or ("REQ0000001",):
            await self.record(number, [f"p:{owner}"])
        return await self.subscribe(owner, f"{url}/hook")

    def deliveries(
        self,
        client: Client | None = None,
        task_queue: str = DELIVERIES,
        *,
        post: int | None = None,
        processes: Carrier | None = None,
    ) -> Deliveries:
        """The activities, with the mail server at loopback port ``post``; sending asks nothing of Temporal."""
        install(KEYRING)
        carriers = Carriers(
            self.engine,
            public_url=PUBLIC_URL,
            mail=None if post is None else mail_carrier(post),
            webhooks=webhook_sender(),
            processes=processes,
        )
        calm = BreakerPolicy(failures=5, pause=timedelta(seconds=30))
        return Deliveries(self.engine, cast(Client, client), carriers, task_queue=task_queue, breaker=calm)


async def send_due(deliveries: Deliveries, target: str, after: timedelta = timedelta(0)) -> SendDone:
    """One run of the sending activity, ``after`` NOW."""
    due = SendDue(target=target, now=NOW + after, seconds=20)
    return await ActivityEnvironment().run(deliveries.send_due, due)


async def send(deliveries: Deliveries, hook: Subscription, now: datetime = NOW) -> SendDone:
    """One run of it for a subscription."""
    return await send_due(deliveries, webhook_target(hook.id), now - NOW)


def mail_carrier(port: int, timeout: timedelta = timedelta(seconds=1)) -> MailCarrier:
    url = f"smtp://127.0.0.1:{port}"
    server = mail_server(url, "Desk <desk@desk.example>", lambda: NOW)
    return MailCarrier(*server, PUBLIC_URL, timeout)


def webhook_sender() -> WebhookSender:
    exchange = HttpExchange(
        EgressGuard(["127.0.0.1", "localhost"]), ssl.create_default_context(), lambda: datetime.now(UTC)
    )
    return WebhookSender(exchange, lambda: datetime.now(UTC))


@asynccontextmanager
async def delivery_scene(postgres: EmbeddedPostgres, name: str) -> AsyncIterator[Scene]:
    url = await migrated_database(postgres, name)
    engine = make_engine(url, command_seconds=5)
    owner = make_engine(postgres.url(name), pool_size=1, command_seconds=5)
    try:
        yield Scene(engine, owner)
    finally:
        await engine.dispose()
        await owner.dispose()
