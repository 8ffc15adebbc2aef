"""Webhooks: signed, in order per record, tried for days, delivered once by their id, replayed on demand."""

import json
from datetime import datetime, timedelta
from typing import Any

import jsonschema_rs
import pytest
from sqlalchemy import select
from standardwebhooks import Webhook

from activities.delivery import Deliveries
from steadydesk.contracts.delivery import SendDone
from steadydesk.contracts.events import EVENT_TYPES
from steadydesk.contracts.subscription import Subscription
from steadydesk.policies.assertion import Keyring, install
from steadydesk.policies.delivery import LEASE
from steadydesk.records import delivery, subscription
from steadydesk.records.sealed import UnsealError
from steadydesk.records.tables.delivery import delivery as ledger
from steadydesk.records.tables.delivery import subscription as hooks
from tests.connectors.remote import Remote, lose, reply
from tests.support.delivery_scene import KEYRING, NOW, Scene, send

REQ = "REQ0000001"


async def until_it_ends(
    deliveries: Deliveries, hook: Subscription, start: datetime = NOW
) -> tuple[list[SendDone], datetime]:
    """As the workflow does: come back when something is due, until nothing is left."""
    now, runs = start, [await send(deliveries, hook, start)]
    while runs[-1].next_at is not None:
        paused = runs[-1].paused_until or runs[-1].next_at
        now = max(now + timedelta(seconds=1), runs[-1].next_at, paused)
        runs.append(await send(deliveries, hook, now))
        assert len(runs) < 200
    return runs, now


def sequence(remote: Remote) -> list[int]:
    return [json.loads(each.body)["data"]["sequence"] for each in remote.received]


async def test_a_webhook_is_signed_and_fits_its_schema(scene: Scene, remote: Remote) -> None:
    hook = await scene.hooked(remote.url)
    facts: dict[str, Any] = {
        "stage": {"en": "Manager"},
        "due": NOW.isoformat(),
        "text": "t_words",
        "undocumented": "x",
        "requester": "not an id",
    }
    await scene.post(REQ, [], "approval.requested", subject="REQ0000001-G1", facts=facts)
    await scene.fan_out()
    assert (await send(scene.deliveries(), hook)).sent == 1
    (got,) = remote.received
    assert hook.secret is not None
    content = Webhook(hook.secret).verify(got.body, dict(got.headers))
    assert content["type"] == "approval.requested"
    assert content["data"] == {
        "number": REQ,
        "subject": "REQ0000001-G1",
        "link": "https://desk.example/records/REQ0000001",
        "sequence": content["data"]["sequence"],
        "stage": {"en": "Manager"},
        "due": NOW.isoformat(),
    }
    schema = EVENT_TYPES["approval.requested"].webhook_schema()
    jsonschema_rs.validator_for(schema).validate(content)


async def test_after_a_rotation_both_secrets_verify_for_a_day(scene: Scene, remote: Remote) -> None:
    hook = await scene.hooked(remote.url)
    async with scene.engine.begin() as connection:
        renewed = await subscription.rotate(connection, hook.id, hook.version, KEYRING, NOW)
    deliveries = scene.deliveries()
    for place, now in enumerate((NOW, NOW + timedelta(hours=25))):
        await scene.post(REQ, [], id=f"m{place}")
        await scene.fan_out(now)
        assert (await send(deliveries, hook, now)).sent == 1
    first, second = remote.received
    assert hook.secret is not None
    assert renewed.secret is not None
    for secret in (hook.secret, renewed.secret):
        Webhook(secret).verify(first.body, dict(first.headers))
    Webhook(renewed.secret).verify(second.body, dict(second.headers))
    assert len(second.headers["webhook-signature"].split()) == 1


async def test_the_database_has_no_secret_that_signs(scene: Scene, remote: Remote) -> None:
    hook = await scene.hooked(remote.url)
    async with scene.engine.begin() as connection:
        renewed = await subscription.rotate(connection, hook.id, hook.version, KEYRING, NOW)
    stored = str(await scene.rows(hooks))
    for secret in (hook.secret, renewed.secret):
        assert secret is not None
        assert secret.removeprefix("whsec_") not in stored


async def test_a_rotated_keys_file_seals_anew_and_the_old_key_may_go(scene: Scene, remote: Remote) -> None:
    hook = await scene.hooked(remote.url)
    await scene.post(REQ, [])
    await scene.fan_out()
    rotated = Keyring("k2", {**KEYRING.keys, "k2": b"n" * 32})
    async with scene.engine.begin() as connection:
        assert await subscription.seal_anew(connection, rotated) == 1
        assert await subscription.seal_anew(connection, rotated) == 0
    deliveries = scene.deliveries()
    install(Keyring("k2", {"k2": b"n" * 32}))
    try:
        assert (await send(deliveries, hook)).sent == 1
    finally:
        install(KEYRING)
    (got,) = remote.received
    assert hook.secret is not None
    Webhook(hook.secret).verify(got.body, dict(got.headers))


async def test_without_the_key_a_message_waits_and_goes_when_it_is_back(scene: Scene, remote: Remote) -> None:
    hook = await scene.hooked(remote.url)
    await scene.post(REQ, [])
    await scene.fan_out()
    deliveries = scene.deliveries()
    stranger = Keyring("k9", {"k9": b"z" * 32})
    install(stranger)
    try:
        done = await send(deliveries, hook)
        async with scene.engine.begin() as connection:
            assert await subscription.seal_anew(connection, stranger) == 0
    finally:
        install(KEYRING)
    assert (done.sent, remote.received) == (0, [])
    [(state, _, problem)] = await scene.states()
    assert state == "queued"
    assert problem is not None
    assert "'k1'" in problem
    await scene.make_due()
    assert (await send(deliveries, hook)).sent == 1


async def test_a_secret_of_another_subscription_does_not_open(scene: Scene, remote: Remote) -> None:
    """Whoever may write the database cannot let one receiver's secret sign for another."""
    hook = await scene.hooked(remote.url)
    other = await scene.subscribe(await scene.person("Eve"), f"{remote.url}/eve")
    async with scene.engine.begin() as connection:
        await connection.execute(
            hooks.update()
            .where(hooks.c.id == hook.id)
            .values(
                sealed_secret=select(hooks.c.sealed_secret).where(hooks.c.id == other.id).scalar_subquery()
            )
        )
        with pytest.raises(UnsealError, match="another place"):
            await subscription.endpoint(connection, hook.id, KEYRING, NOW)


async def test_a_target_that_fails_for_days_gets_each_once_and_in_order(scene: Scene, remote: Remote) -> None:
    hook = await scene.hooked(remote.url, REQ, "REQ0000002")
    for place in range(6):
        await scene.post((REQ, "REQ0000002")[place % 2], [], id=f"m{place}")
    await scene.fan_out()
    remote.answers = [reply(500)]
    deliveries = scene.deliveries()
    now = NOW
    while now < NOW + timedelta(days=2):
        done = await send(deliveries, hook, now)
        assert done.sent == 0
        assert done.left == 6
        assert done.next_at is not None
        now = max(done.next_at, done.paused_until or done.next_at, now + timedelta(seconds=1))
    tried = len(remote.received)
    remote.answers = [reply(204)]
    await until_it_ends(deliveries, hook, now)
    delivered = remote.received[tried:]
    assert len({each.headers["webhook-id"] for each in delivered}) == len(delivered) == 6
    in_turn = [json.loads(each.body)["data"] for each in delivered]
    for number in (REQ, "REQ0000002"):
        order = [data["sequence"] for data in in_turn if data["number"] == number]
        assert order == sorted(order)
    assert {state for state, _, _ in await scene.states()} == {"sent"}


async def test_after_the_last_try_it_is_a_dead_letter_and_the_next_goes_on(
    scene: Scene, remote: Remote
) -> None:
    hook = await scene.hooked(remote.url)
    await scene.post(REQ, [], id="poison")
    await scene.fan_out()
    remote.answers = [reply(500)]
    deliveries = scene.deliveries()
    runs, now = await until_it_ends(deliveries, hook)
    assert runs[-1].ended == 1
    assert timedelta(days=3) < now - NOW < timedelta(days=4)
    assert await scene.states() == [("dead", 10, "answered 500")]
    assert len({each.headers["webhook-id"] for each in remote.received}) == 1
    assert len(remote.received) == 10
    remote.answers = [reply(200)]
    await scene.post(REQ, [], id="next")
    await scene.fan_out(now)
    await until_it_ends(deliveries, hook, now)
    assert [state for state, _, _ in await scene.states()] == ["dead", "sent"]


async def test_a_replay_sends_the_same_ids_again(scene: Scene, remote: Remote) -> None:
    hook = await scene.hooked(remote.url)
    for place in range(3):
        await scene.post(REQ, [], id=f"m{place}")
    await scene.fan_out()
    deliveries = scene.deliveries()
    assert (await send(deliveries, hook)).sent == 3
    first = sequence(remote)
    async with scene.engine.begin() as connection:
        assert (await subscription.replay(connection, hook.id, first[0], NOW)).queued == 2
    assert (await send(deliveries, hook, NOW + timedelta(minutes=1))).sent == 2
    assert sequence(remote) == [*first, *first[1:]]
    assert len({each.headers["webhook-id"] for each in remote.received}) == 3


async def test_a_lost_answer_is_sent_again_under_the_same_id(scene: Scene, remote: Remote) -> None:
    hook = await scene.hooked(remote.url)
    await scene.post(REQ, [])
    await scene.fan_out()
    remote.answers = [lose, reply(200)]
    await until_it_ends(scene.deliveries(), hook)
    first, second = remote.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert await scene.states() == [("sent", 2, None)]


async def test_a_worker_that_died_while_sending_is_followed_by_the_same_id(
    scene: Scene, remote: Remote
) -> None:
    hook = await scene.hooked(remote.url)
    await scene.post(REQ, [])
    await scene.fan_out()
    ((identity),) = [row.id for row in await scene.rows(ledger)]
    async with scene.engine.begin() as connection:
        await delivery.claim(connection, identity, NOW)
    done = await send(scene.deliveries(), hook, NOW + LEASE + timedelta(seconds=1))
    assert done.sent == 1
    assert [each.headers["webhook-id"] for each in remote.received] == [identity]
