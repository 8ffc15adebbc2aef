"""Start the routines of the installation: at every worker start, harmless where they run already."""

from collections.abc import Iterable
from datetime import timedelta

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from steadydesk.contracts.queues import DELIVERIES
from steadydesk.contracts.routine import ROUTINE_WORKFLOW, SET_ROUTINE, Routine, routine_workflow_id

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
