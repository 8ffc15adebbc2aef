"""The delivery workflows on a real server: woken, retried over days, ended when idle, swept, replayed."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker

from steadydesk.contracts.delivery import (
    OUTBOX_ID,
    SWEEP_ID,
    TargetRun,
    delivery_workflow_id,
    webhook_target,
)
from steadydesk.orchestration.deliveries import Waker, start_sweep, wake_target
from tests.connectors.mail_post import Post
from tests.connectors.remote import Remote, reply
from tests.support.delivery_scene import Scene
from tests.support.request_worker import end_all
from workflows.delivery import WORKFLOWS, DeliveryWorkflow

REQ = "REQ0000001"


@asynccontextmanager
async def working(scene: Scene, client: Client, post: Post | None = None) -> AsyncIterator[str]:
    """A worker for the time of the block; its task queue. What it leaves running is terminated."""
    queue = f"deliveries-{uuid.uuid4()}"
    deliveries = scene.deliveries(client, queue, post=post.port if post else None)
    async with Worker(
        client,
        task_queue=queue,
        workflows=WORKFLOWS,
        activities=deliveries.activities(),
        max_cached_workflows=0,
    ):
        yield queue
        await end_all(client)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


async def ended(scene: Scene, count: int) -> bool:
    states = await scene.states()
    return len(states) == count and all(state not in ("queued", "sending") for state, _, _ in states)


async def status(client: Client, workflow_id: str) -> WorkflowExecutionStatus | None:
    return (await client.get_workflow_handle(workflow_id).describe()).status


async def test_a_wake_sends_what_the_outbox_has_and_all_ends(
    scene: Scene, own_env: WorkflowEnvironment, post: Post, remote: Remote
) -> None:
    client = own_env.client
    anna = await scene.person()
    await scene.record(REQ, [f"p:{anna}"])
    hook = await scene.subscribe(anna, f"{remote.url}/hook")
    async with working(scene, client, post) as queue:
        waker = Waker(client, task_queue=queue)
        for _ in range(5):
            await scene.post(REQ, [f"p:{anna}"])
            waker.wake()
        await until(lambda: ended(scene, 10))
        for target in ("mail", webhook_target(hook.id)):
            await client.get_workflow_handle(delivery_workflow_id(target)).result()
        await client.get_workflow_handle(OUTBOX_ID).result()
        await waker.close()
        history = await client.get_workflow_handle(OUTBOX_ID).fetch_history()
        await replay(client)
    assert len(post.envelopes) == 5
    assert len(remote.received) == 5
    assert {state for state, _, _ in await scene.states()} == {"sent"}
    signals = [
        event for event in history.events if event.HasField("workflow_execution_signaled_event_attributes")
    ]
    assert 1 <= len(signals) <= 3


async def replay(client: Client) -> None:
    """Every history that the server has of these workflows fits the code."""
    replayer = Replayer(workflows=WORKFLOWS, data_converter=pydantic_data_converter)
    count = 0
    async for one in client.list_workflows("WorkflowType != 'HourLong'"):
        handle = client.get_workflow_handle(one.id, run_id=one.run_id)
        await replayer.replay_workflow(await handle.fetch_history())
        count += 1
    assert count >= 3


async def test_a_failing_target_is_tried_until_it_is_back(
    scene: Scene, own_env: WorkflowEnvironment, remote: Remote
) -> None:
    owner = await scene.person()
    await scene.record(REQ, [f"p:{owner}"])
    hook = await scene.subscribe(owner, f"{remote.url}/hook")
    for _ in range(2):
        await scene.post(REQ, [])
    await scene.fan_out(datetime.now(UTC))
    remote.answers = [reply(500), reply(500), reply(500), reply(200)]
    target = webhook_target(hook.id)
    async with working(scene, own_env.client) as queue:
        handle = await own_env.client.start_workflow(
            DeliveryWorkflow.run, TargetRun(target=target), id=delivery_workflow_id(target), task_queue=queue
        )
        await handle.result()
        begun, closed = ((await handle.describe()).start_time, (await handle.describe()).close_time)
    assert [each.headers["webhook-id"] for each in remote.received[:4]] == [
        remote.received[0].headers["webhook-id"]
    ] * 4
    assert len(remote.received) == 5
    assert closed is not None
    assert closed - begun >= timedelta(minutes=35)
    assert [state for state, _, _ in await scene.states()] == ["sent", "sent"]


async def test_a_hurry_tries_a_target_that_is_left_alone(
    scene: Scene, own_env: WorkflowEnvironment, remote: Remote
) -> None:
    owner = await scene.person()
    await scene.record(REQ, [f"p:{owner}"])
    hook = await scene.subscribe(owner, f"{remote.url}/hook")
    await scene.post(REQ, [])
    await scene.fan_out(datetime.now(UTC))
    remote.answers = [reply(503, headers={"Retry-After": "80000"}), reply(200)]
    target = webhook_target(hook.id)
    async with working(scene, own_env.client) as queue:
        with own_env.with_time_skipping_disabled():
            handle = await own_env.client.start_workflow(
                DeliveryWorkflow.run,
                TargetRun(target=target),
                id=delivery_workflow_id(target),
                task_queue=queue,
            )
            await until(lambda: tried(remote, 1))
            await wake_target(own_env.client, target, queue)
            await asyncio.sleep(0.5)
            assert len(remote.received) == 1
            await scene.make_due()
            await wake_target(own_env.client, target, queue, hurry=True)
            await handle.result()
    assert len(remote.received) == 2


async def tried(remote: Remote, count: int) -> bool:
    return len(remote.received) >= count


async def test_the_sweep_finds_what_nobody_was_woken_for(
    scene: Scene, own_env: WorkflowEnvironment, post: Post
) -> None:
    anna = await scene.person()
    await scene.record(REQ, [f"p:{anna}"])
    await scene.post(REQ, [f"p:{anna}"])
    async with working(scene, own_env.client, post) as queue:
        await start_sweep(own_env.client, queue)
        await start_sweep(own_env.client, queue)
        await until(lambda: ended(scene, 1))
        assert await status(own_env.client, SWEEP_ID) == WorkflowExecutionStatus.RUNNING
    assert len(post.envelopes) == 1


async def test_a_wake_never_raises_and_never_waits() -> None:
    client = await Client.connect("127.0.0.1:1", lazy=True)
    waker = Waker(client, every=0.01)
    for _ in range(3):
        waker.wake()
    await asyncio.sleep(0.05)
    await waker.close()
