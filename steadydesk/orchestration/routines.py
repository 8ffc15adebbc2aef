"""Start the routines of the installation: at every worker start, or one that somebody ended; harmless where it runs."""

from collections.abc import Iterable
from datetime import timedelta

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from steadydesk.contracts.delivery import SWEEP_ID
from steadydesk.contracts.queues import DELIVERIES
from steadydesk.contracts.routine import ROUTINE_WORKFLOW, SET_ROUTINE, Routine, routine_workflow_id
from steadydesk.orchestration.deliveries import start_sweep

_TASK_TIMEOUT = timedelta(seconds=5)


async def start_routines(client: Client, routines: Iterable[Routine], task_queue: str = DELIVERIES) -> None:
    """Start each, or tell the running one what it does from now on."""
    for routine in routines:
        await client.start_workflow(
            ROUTINE_WORKFLOW,
            routine,
            id=routine_workflow_id(routine.name),
            task_queue=task_queue,
            task_timeout=_TASK_TIMEOUT,
            static_summary=f"Routine: {routine.name}",
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal=SET_ROUTINE,
            start_signal_args=[routine],
        )


async def start_routine_again(client: Client, workflow_id: str) -> None:
    """Start what somebody ended with what it was last started with; a worker that starts corrects that."""
    if workflow_id == SWEEP_ID:
        await start_sweep(client)
        return
    async for event in client.get_workflow_handle(workflow_id).fetch_history_events(page_size=1):
        payloads = event.workflow_execution_started_event_attributes.input.payloads
        routines: list[Routine] = await client.data_converter.decode(payloads, [Routine])
        await start_routines(client, routines)
        return
