"""A worker that is killed with -9 between sending a mail and writing that down: no second mail."""

import asyncio
import os
import signal
import sys
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from steadydesk.contracts.delivery import (
    TargetRun,
    delivery_workflow_id,
)
from tests.connectors.mail_post import Post, mail_server
from tests.support.delivery_scene import Scene
from tests.support.stacks import REPOSITORY
from workflows.delivery import WORKFLOWS, DeliveryWorkflow

REQ = "REQ0000001"


@dataclass
class Killing(Post):
    """A mail server that kills the worker once it has the text, before it answers."""

    victim: int = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        del server, session
        self.envelopes.append(envelope)
        if self.victim:
            os.kill(self.victim, signal.SIGKILL)
            self.victim = 0
            await asyncio.sleep(0.2)
        return self.data_answer


async def test_a_worker_killed_between_sending_and_recording_sends_no_second_mail(
    scene: Scene, own_env: WorkflowEnvironment
) -> None:
    anna = await scene.person()
    await scene.record(REQ, [f"p:{anna}"])
    for _ in range(3):
        await scene.post(REQ, [f"p:{anna}"])
    await scene.fan_out(datetime.now(UTC))
    client = own_env.client
    queue = f"killed-{uuid.uuid4()}"
    async with mail_server(Killing()) as post:
        assert isinstance(post, Killing)
        first = await worker_program(scene, client, queue, post.port)
        post.victim = first.pid
        handle = await client.start_workflow(
            DeliveryWorkflow.run, TargetRun(target="mail"), id=delivery_workflow_id("mail"), task_queue=queue
        )
        assert await asyncio.wait_for(first.wait(), 30) == -signal.SIGKILL
        assert [state for state, _, _ in await scene.states()] == ["sending", "queued", "queued"]
        deliveries = scene.deliveries(client, queue, post=post.port)
        async with Worker(client, task_queue=queue, workflows=WORKFLOWS, activities=deliveries.activities()):
            await asyncio.wait_for(handle.result(), 60)
    assert len(post.envelopes) == 3
    assert [state for state, _, _ in await scene.states()] == ["unconfirmed", "sent", "sent"]


async def worker_program(scene: Scene, client: Client, queue: str, port: int) -> asyncio.subprocess.Process:
    arguments: list[Any] = [
        scene.engine.url.render_as_string(hide_password=False),
        client.service_client.config.target_host,
        queue,
        port,
    ]
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.delivery_worker", *map(str, arguments), cwd=REPOSITORY
    )
