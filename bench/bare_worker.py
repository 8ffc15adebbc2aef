"""The worker of the bare process: as the SDK runs it, the real one's cache and time-outs, one small activity."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from bench.bare_table import bare_row
from bench.bare_workflow import QUEUE, WRITE_ROW, BareWorkflow, Row
from steadydesk.orchestration.client import connect
from steadydesk.records.engine import make_engine
from steadydesk.settings import READY_FILE, settings

RUNNER = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules(
        "steadydesk", "sqlalchemy", "pydantic", "pydantic_core", "asyncpg"
    )
)


class BareWrites:
    """The one record write of the bare process."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @activity.defn(name=WRITE_ROW)
    async def write_row(self, row: Row) -> str:
        async with self._engine.begin() as connection:
            await connection.execute(insert(bare_row).values(row.model_dump()))
        return row.number


def _say_ready() -> None:
    Path(os.environ[READY_FILE]).touch()


async def run() -> None:
    """Work until SIGTERM."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    current = settings()
    assert current.database_url is not None, "STEADYDESK_DATABASE_URL is not set"
    client = await connect(current.temporal_address, current.namespace)
    engine = make_engine(current.database_url, name="bench-bare")
    worker = Worker(
        client,
        task_queue=QUEUE,
        workflows=[BareWorkflow],
        activities=[BareWrites(engine).write_row],
        workflow_runner=RUNNER,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
        max_concurrent_workflow_tasks=100,
        max_cached_workflows=2_000,
    )
    async with worker:
        _say_ready()
        await stopping.wait()
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(run())
    # As in the real worker: the SDK's native part may abort an interpreter that ends after a clean shutdown.
    sys.stdout.flush()
    os._exit(0)
