"""A Temporal server whose workflows skip their waits, and the proof: older servers wait in real time."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio import workflow
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from steadydesk.contracts.search_attributes import SEARCH_ATTRIBUTES
from steadydesk.stack.namespace import register_search_attributes
from steadydesk.stack.temporal import temporal_program

# Both names of the switch: servers after 1.32 know the second.
SWITCHES = ("frontend.WorkflowTimeSkippingEnabled=true", "system.workflowTimeSkippingEnabled=true")
PROBE_LIMIT = 20.0


@workflow.defn(sandboxed=False)
class HourLong:
    """Sleeps for an hour of its own clock."""

    @workflow.run
    async def run(self) -> None:
        await workflow.sleep(timedelta(hours=1))


@asynccontextmanager
async def time_skipping_environment() -> AsyncIterator[WorkflowEnvironment]:
    """A server with our search attributes and the pydantic converter; one that does not skip is refused."""
    environment = await WorkflowEnvironment.start_time_skipping_v2(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(temporal_program()),
        dev_server_log_level="never",
        dev_server_extra_args=[word for switch in SWITCHES for word in ("--dynamic-config-value", switch)],
    )
    async with environment:
        await register_search_attributes(environment.client, SEARCH_ATTRIBUTES)
        await assert_it_skips(environment.client)
        yield environment


async def assert_it_skips(client: Client) -> None:
    """An hour must pass within seconds."""
    queue = f"probe-{uuid.uuid4()}"
    async with Worker(client, task_queue=queue, workflows=[HourLong]), asyncio.timeout(PROBE_LIMIT):
        await client.execute_workflow(HourLong.run, id=queue, task_queue=queue)
