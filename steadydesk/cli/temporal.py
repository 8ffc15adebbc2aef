"""How commands reach the Temporal server: the running stack's, or the one that the settings name."""

import asyncio

from temporalio.client import Client
from temporalio.service import RPCError

from steadydesk.orchestration.client import connect
from steadydesk.orchestration.deliveries import wake_outbox
from steadydesk.settings import Settings
from steadydesk.stack.addresses import running_stack_of
from steadydesk.stack.failure import StackError

_WAKE_SECONDS = 3.0


def temporal_of(settings: Settings) -> tuple[str | None, str]:
    """Address and namespace; no address where none is set and nothing runs. StackError as `running_stack_of`."""
    if running := running_stack_of(settings):
        return running.addresses.temporal_address, running.addresses.namespace
    return settings.temporal_address, settings.namespace


def deliver_soon(settings: Settings) -> bool:
    """Have what was just written delivered at once; False where nobody answers, and the next sweep does it."""
    try:
        address, namespace = temporal_of(settings)
        if address is None:
            return False
        asyncio.run(_wake(address, namespace))
    except (StackError, RPCError, RuntimeError, TimeoutError):  # an unreachable server is a RuntimeError
        return False
    return True


async def _wake(address: str, namespace: str) -> None:
    async with asyncio.timeout(_WAKE_SECONDS):
        client: Client = await connect(address, namespace)
        await wake_outbox(client)
