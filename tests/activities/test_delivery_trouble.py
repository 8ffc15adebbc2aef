"""Targets in trouble: left alone, asked for time, gone, unreachable for too long, or not theirs to know."""

from datetime import timedelta

from steadydesk.contracts.delivery import webhook_target
from steadydesk.policies.delivery import OLDEST
from steadydesk.records import breakers, subscription
from tests.connectors.remote import Remote, reply
from tests.support.delivery_scene import NOW, Scene, send

REQ = "REQ0000001"


async def test_the_breaker_leaves_a_failing_target_alone(scene: Scene, remote: Remote) -> None:
    numbers = [f"REQ000000{place}" for place in range(9)]
    hook = await scene.hooked(remote.url, *numbers)
    for number in numbers:
        await scene.post(number, [])
    await scene.fan_out()
    remote.answers = [reply(503)]
    deliveries = scene.deliveries()
    done = await send(deliveries, hook)
    assert 5 <= len(remote.received) < 9
    assert done.paused_until is not None
    assert done.paused_until - NOW > timedelta(seconds=29)
    before = len(remote.received)
    assert (await send(deliveries, hook, NOW + timedelta(seconds=10))).again == 0
    assert len(remote.received) == before
    now = done.paused_until + timedelta(seconds=1)
    for trial in range(1, 4):
        await send(deliveries, hook, now)
        assert len(remote.received) == before + trial
        now += timedelta(seconds=3)
    async with scene.engine.begin() as connection:
        state = await breakers.load(connection, webhook_target(hook.id))
    assert state.openings == 2


async def test_retry_after_is_respected(scene: Scene, remote: Remote) -> None:
    hook = await scene.hooked(remote.url)
    await scene.post(REQ, [])
    await scene.fan_out()
    remote.answers = [reply(429, headers={"Retry-After": "3600"})]
    done = await send(scene.deliveries(), hook)
    assert done.next_at is not None
    assert done.paused_until is not None
    assert min(done.next_at, done.paused_until) - NOW >= timedelta(hours=1)


async def test_a_receiver_that_is_gone_ends_the_subscription(scene: Scene, remote: Remote) -> None:
    hook = await scene.hooked(remote.url)
    for _ in range(2):
        await scene.post(REQ, [])
    await scene.fan_out()
    remote.answers = [reply(410)]
    done = await send(scene.deliveries(), hook)
    assert (done.ended, done.left) == (2, 0)
    assert [state for state, _, _ in await scene.states()] == ["dead", "suppressed"]
    async with scene.engine.begin() as connection:
        assert not (await subscription.get(connection, hook.id)).active
    assert len(remote.received) == 1


async def test_what_an_unreachable_target_left_waiting_is_buried(scene: Scene, remote: Remote) -> None:
    hook = await scene.hooked(remote.url)
    for _ in range(3):
        await scene.post(REQ, [])
    await scene.fan_out()
    remote.answers = [reply(429, headers={"Retry-After": "60"})]
    done = await send(scene.deliveries(), hook, NOW + OLDEST + timedelta(minutes=1))
    assert (done.ended, done.left) == (3, 0)
    assert {state for state, _, _ in await scene.states()} == {"dead"}


async def test_the_owners_sight_is_asked_again(scene: Scene, remote: Remote) -> None:
    hook = await scene.hooked(remote.url)
    await scene.post(REQ, [])
    await scene.fan_out()
    await scene.hide(REQ)
    assert (await send(scene.deliveries(), hook)).ended == 1
    assert await scene.states() == [("suppressed", 0, "the owner may not see the record")]
    assert remote.received == []
