"""The worker: connects, registers workflows and activities, runs until it is told to stop."""

import asyncio
import os
import signal
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import structlog
import uvloop
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.origin import OriginCheck
from activities.registry import Staff
from steadydesk.contracts.queues import CONNECTORS, DELIVERIES, PROCESSES
from steadydesk.logs import configure_logs
from steadydesk.orchestration.client import connect
from steadydesk.policies import assertion
from steadydesk.program import end_program
from steadydesk.records.keys import load_keyring
from steadydesk.settings import READY_FILE, Settings, settings
from workflows import registry

_GRACE = timedelta(seconds=20)
_STICKY = timedelta(seconds=1)
"""How long a crashed worker's cached workflows are waited for; the default of ten seconds delays decisions."""

RUNNER = UnsandboxedWorkflowRunner()
"""The SDK's sandbox guards against code that replays differently; every test runs the workflows in it. Here it would
load the workflow's module for each process and be a quarter of the worker's time.
"""


def workers(client: Client, staff: Staff) -> list[Worker]:
    """One worker per queue, so that a slow target never delays a decision."""
    processes = Worker(
        client,
        task_queue=PROCESSES,
        workflows=registry.PROCESSES,
        activities=staff.records(),
        interceptors=[OriginCheck()],
        workflow_runner=RUNNER,
        sticky_queue_schedule_to_start_timeout=_STICKY,
        graceful_shutdown_timeout=_GRACE,
        max_concurrent_workflow_tasks=100,
        max_cached_workflows=2_000,
    )
    connectors = Worker(
        client,
        task_queue=CONNECTORS,
        activities=staff.connectors(),
        interceptors=[OriginCheck()],
        graceful_shutdown_timeout=_GRACE,
    )
    deliveries = Worker(
        client,
        task_queue=DELIVERIES,
        workflows=registry.DELIVERIES,
        activities=staff.deliveries(),
        interceptors=[OriginCheck()],
        workflow_runner=RUNNER,
        sticky_queue_schedule_to_start_timeout=_STICKY,
        graceful_shutdown_timeout=_GRACE,
    )
    return [processes, connectors, deliveries]


async def run(current: Settings) -> None:
    """Work until SIGTERM or SIGINT; what is under way then has twenty seconds to end."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    assertion.install(load_keyring(current.keys_file))
    client = await connect(
        current.temporal_address, current.namespace, metrics_port=current.worker_metrics_port
    )
    async with AsyncExitStack() as stack:
        staff = await stack.enter_async_context(Staff.at_work(current, client))
        for worker in workers(client, staff):
            await stack.enter_async_context(worker)
        await staff.start_routines()
        _say_ready()
        await _until(stopping.wait())


async def _until(stopped: Awaitable[object]) -> None:
    await stopped
    structlog.get_logger(__name__).info("worker stops")


def _say_ready() -> None:
    if path := os.environ.get(READY_FILE):
        Path(path).touch()


def main() -> None:
    current = settings()
    configure_logs(current.log_level, current.log_format)
    uvloop.run(run(current))
    end_program(0)


if __name__ == "__main__":
    main()
