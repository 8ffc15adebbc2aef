"""Mails: each one once, whatever dies or loses its answer while it is sent."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from steadydesk.policies.delivery import LEASE
from steadydesk.records import delivery
from steadydesk.records.tables.delivery import delivery as ledger
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.connectors.mail_post import Post, mail_server
from tests.support.delivery_scene import NOW, Scene, send_due

REQ = "REQ0000001"


@pytest.mark.parametrize("behaviour", ["drop", "hang"])
async def test_a_lost_answer_is_one_mail_and_is_shown(scene: Scene, post: Post, behaviour: str) -> None:
    post.after_data = behaviour
    await scene.one_mail()
    deliveries = scene.deliveries(post=post.port)
    done = await send_due(deliveries, "mail")
    assert (done.sent, done.again, done.ended, done.left) == (0, 0, 1, 0)
    for hours in (1, 48, 200):
        assert (await send_due(deliveries, "mail", timedelta(hours=hours))).sent == 0
    assert len(post.envelopes) == 1
    ((state, attempts, problem),) = await scene.states()
    assert (state, attempts) == ("unconfirmed", 1)
    assert problem is not None
    assert "reply was lost" in problem


async def test_a_worker_that_died_while_sending_sends_no_second_mail(scene: Scene, post: Post) -> None:
    await scene.one_mail()
    ((identity),) = [row.id for row in await scene.rows(ledger)]
    async with scene.engine.begin() as connection:
        assert await delivery.claim(connection, identity, NOW) == 1
    deliveries = scene.deliveries(post=post.port)
    early = await send_due(deliveries, "mail", timedelta(seconds=5))
    assert (early.left, early.next_at) == (1, NOW + LEASE)
    late = await send_due(deliveries, "mail", LEASE + timedelta(seconds=1))
    assert (late.ended, late.left) == (1, 0)
    assert post.envelopes == []
    assert await scene.states() == [("unconfirmed", 1, "the worker ended while it was sending")]


async def test_a_server_that_is_away_is_tried_again_until_it_is_back(scene: Scene, post: Post) -> None:
    post.data_answer = "451 try again"
    await scene.one_mail()
    deliveries = scene.deliveries(post=post.port)
    done = await send_due(deliveries, "mail")
    assert (done.again, done.left) == (1, 1)
    assert done.next_at is not None
    assert timedelta(seconds=59) < done.next_at - NOW < timedelta(seconds=70)
    post.data_answer = "250 OK"
    assert (await send_due(deliveries, "mail", timedelta(seconds=30))).sent == 0
    assert (await send_due(deliveries, "mail", timedelta(seconds=90))).sent == 1
    assert len(post.envelopes) == 1
    assert await scene.states() == [("sent", 2, None)]


async def test_a_refusal_is_final_and_the_next_mail_goes_on(scene: Scene, post: Post) -> None:
    post.recipient_answer = lambda address: "550 unknown" if "user" in address else "250 OK"
    anna = await scene.one_mail()
    ben = await scene.person("Ben Ott", email="ben@example.com")
    await scene.see(f"p:{ben}", REQ)
    await scene.post(REQ, [f"p:{anna}", f"p:{ben}"])
    await scene.fan_out()
    done = await send_due(scene.deliveries(post=post.port), "mail")
    assert (done.sent, done.ended) == (1, 2)
    states = [(state, problem) for state, _, problem in await scene.states()]
    assert states.count(("dead", "the mail server answered 550")) == 2
    assert post.envelopes[-1].rcpt_tos == ["ben@example.com"]


async def test_sight_is_asked_again_before_sending(scene: Scene, post: Post) -> None:
    await scene.one_mail()
    await scene.hide(REQ)
    done = await send_due(scene.deliveries(post=post.port), "mail")
    assert (done.sent, done.ended, done.left) == (0, 1, 0)
    assert await scene.states() == [("suppressed", 0, "may not see the record")]
    assert post.envelopes == []


async def test_an_address_that_no_server_takes_is_a_dead_letter(scene: Scene, post: Post) -> None:
    await scene.one_mail(person={"email": "a..b@example.com"})
    assert (await send_due(scene.deliveries(post=post.port), "mail")).ended == 1
    ((state, _, problem),) = await scene.states()
    assert state == "dead"
    assert problem is not None
    assert "a..b" not in problem


async def test_without_its_server_what_is_queued_waits(scene: Scene) -> None:
    await scene.one_mail()
    done = await send_due(scene.deliveries(), "mail")
    assert (done.left, done.paused_until) == (1, NOW + timedelta(minutes=15))
    assert await scene.states() == [("queued", 0, None)]


@dataclass
class Outage(Post):
    """A mail server that takes the database away once it has the text, and gives it back later."""

    away: Callable[[], Awaitable[None]] | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        if self.away is not None:
            await self.away()
        return answer


async def test_a_database_that_is_away_after_the_send_gets_the_result_later(
    scene: Scene, postgres: EmbeddedPostgres
) -> None:
    await scene.one_mail()
    owner = await postgres.connect("postgres")
    database = scene.engine.url.database
    back: list[asyncio.Task[None]] = []

    async def away() -> None:
        await owner.execute(f"ALTER DATABASE {database} WITH ALLOW_CONNECTIONS false")
        await owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", database
        )

        async def return_later() -> None:
            await asyncio.sleep(1.5)
            await owner.execute(f"ALTER DATABASE {database} WITH ALLOW_CONNECTIONS true")

        back.append(asyncio.create_task(return_later()))

    async with mail_server(Outage(away=away)) as post:
        done = await send_due(scene.deliveries(post=post.port), "mail")
    await back[0]
    await owner.close()
    assert done.sent == 1
    assert len(post.envelopes) == 1
    assert await scene.states() == [("sent", 1, None)]
