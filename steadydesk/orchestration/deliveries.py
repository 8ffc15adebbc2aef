"""Wake the workflows that deliver messages. A wake says only "look again": late or lost, it harms nobody."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from steadydesk.coalesced import Coalesced
from steadydesk.connectors.errors import Blocked, Unavailable
from steadydesk.contracts.delivery import (
    DELIVERY_WORKFLOW,
    HURRY,
    OUTBOX_ID,
    OUTBOX_WORKFLOW,
    SWEEP_ID,
    SWEEP_WORKFLOW,
    WAKE,
    TargetRun,
    delivery_workflow_id,
)
from steadydesk.contracts.queues import DELIVERIES
from steadydesk.egress.guard import EgressGuard
from steadydesk.errors import InvalidInput, Problem

_TASK_TIMEOUT = timedelta(seconds=5)
_WAKE_SECONDS = 2.0
_RESOLVE_SECONDS = 5.0


async def wake_outbox(client: Client, task_queue: str = DELIVERIES) -> None:
    """Have the outbox emptied: start its workflow or signal the running one."""
    await client.start_workflow(
        OUTBOX_WORKFLOW,
        id=OUTBOX_ID,
        task_queue=task_queue,
        task_timeout=_TASK_TIMEOUT,
        static_summary="Outbox to deliveries",
        start_signal=WAKE,
    )


async def wake_target(
    client: Client, target: str, task_queue: str = DELIVERIES, *, hurry: bool = False
) -> None:
    """Have a target served; ``hurry`` also where it is left alone after failures."""
    argument: Any = TargetRun(target=target)
    await client.start_workflow(
        DELIVERY_WORKFLOW,
        argument,
        id=delivery_workflow_id(target),
        task_queue=task_queue,
        task_timeout=_TASK_TIMEOUT,
        static_summary=f"Deliveries to {target}",
        start_signal=HURRY if hurry else WAKE,
    )


class Waker:
    """Wakes the outbox after a commit: at once, then at most once per ``every`` seconds, in the background.
    It never raises and nobody waits for it; what it misses, the sweep finds.
    """

    def __init__(self, client: Client, *, every: float = 1.0, task_queue: str = DELIVERIES) -> None:
        self._client = client
        self._task_queue = task_queue
        self._wakes = Coalesced(self._wake, every=every)

    def wake(self) -> None:
        """Say that the outbox has something; call it from a running event loop."""
        self._wakes.ask()

    async def close(self) -> None:
        """A wake that is still wanted is left to the sweep."""
        await self._wakes.close()

    async def _wake(self) -> None:
        await wake_outbox(self._client, self._task_queue)


async def start_sweep(client: Client, task_queue: str = DELIVERIES) -> None:
    """Start the sweep, or leave the running one alone."""
    await client.start_workflow(
        SWEEP_WORKFLOW,
        id=SWEEP_ID,
        task_queue=task_queue,
        task_timeout=_TASK_TIMEOUT,
        static_summary="Deliveries that nobody was woken for",
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )


async def try_to_wake(client: Client, target: str) -> None:
    """Wake a target at once after a person asked for it; where that fails, the sweep does within a minute."""
    try:
        async with asyncio.timeout(_WAKE_SECONDS):
            await wake_target(client, target, hurry=True)
    except (RPCError, RuntimeError, TimeoutError):  # a client that never reached its server is a RuntimeError
        return


async def check_target(url: str, allow: Iterable[str]) -> None:
    """InvalidInput for an address that no webhook may be sent to; ``allow`` is the egress allow-list.

    Only a first word: every message is checked again when it is sent, since names change their addresses.
    """
    try:
        async with asyncio.timeout(_RESOLVE_SECONDS):
            await EgressGuard(allow).check_url(url)
    except (Blocked, Unavailable) as error:
        raise _wrong_url(error.message) from None
    except TimeoutError:
        raise _wrong_url("its host does not resolve in time") from None


def _wrong_url(reason: str) -> InvalidInput:
    return InvalidInput("No webhook can be sent there.", problems=[Problem("/url", reason)])
