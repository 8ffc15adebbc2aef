"""What only Temporal knows: which processes run, which are stuck, whether a worker polls."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from steadydesk.contracts.delivery import SWEEP_WORKFLOW
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.queues import PROCESSES
from steadydesk.contracts.routine import ROUTINE_WORKFLOW
from steadydesk.orchestration.requests import GRANT_WORKFLOW, REQUEST_WORKFLOW

TYPES = {RecordKind.REQUEST: REQUEST_WORKFLOW, RecordKind.GRANT: GRANT_WORKFLOW}
"""The workflow type behind each kind of number that has a life of its own."""

_STUCK = "ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL"
_POLLED_WITHIN = timedelta(minutes=2)
_AT_ONCE = 10


async def running_processes(client: Client) -> dict[str, datetime]:
    """Workflow id to start time of every process of a record that Temporal lists as running."""
    types = ", ".join(f"'{name}'" for name in TYPES.values())
    query = f"ExecutionStatus = 'Running' AND WorkflowType IN ({types})"
    return {found.id: found.start_time async for found in client.list_workflows(query)}


async def is_running(client: Client, number: str) -> bool:
    """The server's own word, which is newer than its lists."""
    try:
        found = await client.get_workflow_handle(number).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return found.status is WorkflowExecutionStatus.RUNNING


async def last_state(client: Client, number: str) -> str:
    """How its last run ended, in Temporal's word; ``no history`` after the retention or where it never ran."""
    try:
        found = await client.get_workflow_handle(number).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return "no history"
        raise
    return found.status.name.lower() if found.status else "unknown"


async def not_running(client: Client, numbers: Iterable[str]) -> list[str]:
    """Those without a running workflow, asked one by one, some at a time."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def ask(number: str) -> str | None:
        async with gate:
            return None if await is_running(client, number) else number

    answers = await asyncio.gather(*(ask(number) for number in numbers))
    return [number for number in answers if number is not None]


async def stuck_workflows(client: Client) -> dict[str, str]:
    """Workflow id to problem of everything whose workflow tasks fail again and again."""
    found: dict[str, str] = {}
    async for one in client.list_workflows(_STUCK):
        values: list[Any] = list(one.search_attributes.get("TemporalReportedProblems") or [])
        found[one.id] = " ".join(str(value) for value in values)
    return found


async def ended_routines(client: Client) -> list[str]:
    """Routines and sweeps that somebody ended by hand; a starting worker starts them again."""
    types = ", ".join(f"'{name}'" for name in (ROUTINE_WORKFLOW, SWEEP_WORKFLOW))
    known: set[str] = set()
    running: set[str] = set()
    async for found in client.list_workflows(f"WorkflowType IN ({types})"):
        known.add(found.id)
        if found.status is WorkflowExecutionStatus.RUNNING:
            running.add(found.id)
    return sorted(known - running)


async def is_polled(client: Client, now: datetime, queue: str = PROCESSES) -> bool:
    """Whether a worker asked for workflow tasks within the last two minutes."""
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
    )
    return any(
        now - poller.last_access_time.ToDatetime(now.tzinfo) < _POLLED_WITHIN for poller in answer.pollers
    )
