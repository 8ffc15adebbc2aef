"""A worker of the deliveries queue as a program of its own, so that a test can kill it: database URL, address of
Temporal, task queue and port of the mail server are its arguments.
"""

import asyncio
import sys

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from steadydesk.records.engine import make_engine
from tests.support.delivery_scene import Scene
from workflows.delivery import WORKFLOWS


async def work(database_url: str, address: str, task_queue: str, post: int) -> None:
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    engine = make_engine(database_url, command_seconds=5)
    deliveries = Scene(engine, engine).deliveries(client, task_queue, post=post)
    worker = Worker(client, task_queue=task_queue, workflows=WORKFLOWS, activities=deliveries.activities())
    await worker.run()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
