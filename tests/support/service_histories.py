"""Records the histories of deliveries and routines that later versions must still replay, on a stack of its own.

``python -m tests.support.service_histories 0.1.0`` is run once for a released version; a file that is there is never
written again.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx2
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.anchor import anchor_routine
from activities.stuck import STUCK_ROUTINE
from activities.sweep import SWEEP_ROUTINE
from steadydesk.contracts.delivery import MAIL, OUTBOX_ID, PROCESSES, SWEEP_ID, delivery_workflow_id
from steadydesk.contracts.routine import Routine, routine_workflow_id
from steadydesk.orchestration.client import connect
from steadydesk.orchestration.routines import start_routines
from steadydesk.settings import Settings
from steadydesk.stack.supervisor import Stack, running_stack
from tests.connectors.mail_post import Post, mail_server
from tests.support.process_histories import FOLDER, anonymous, released
from tests.support.stacks import stack_settings

_ITEM = "application-access"
_PACE = 20.0
"""Seconds between two rounds of a routine, instead of minutes."""
_SWEEPS = 65.0
"""Seconds in which the sweep of deliveries looks twice."""
_ENDING = {"outbox": OUTBOX_ID, MAIL: delivery_workflow_id(MAIL), PROCESSES: delivery_workflow_id(PROCESSES)}
SERVED = {**_ENDING, "sweep-of-deliveries": SWEEP_ID}
ROUTINES = ("anchors", STUCK_ROUTINE.name, SWEEP_ROUTINE.name)


async def record(version: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with (
            mail_server(Post()) as post,
            running_stack(_settings(Path(folder) / "state", post)) as stack,
        ):
            addresses = stack.addresses
            client = await connect(addresses.temporal_address, addresses.namespace)
            routines = [anchor_routine(stack.settings), STUCK_ROUTINE, SWEEP_ROUTINE]
            await _live(stack, client, routines)
            for name, identity in SERVED.items():
                await _keep(client, identity, f"delivery-{version}-{name}-1")
            for name in ROUTINES:
                await _keep(client, routine_workflow_id(name), f"routine-{version}-{name}-1")


def _settings(state_dir: Path, post: Post) -> Settings:
    return stack_settings(state_dir, smtp_url=f"smtp://127.0.0.1:{post.port}")


async def _live(stack: Stack, client: Client, routines: list[Routine]) -> None:
    """An order whose approver leaves, so that its process is told; every routine at another pace for some rounds."""
    assert stack.credentials is not None
    people = {one.user_name: {"Authorization": f"Bearer {one.token}"} for one in stack.credentials.users}
    async with httpx2.AsyncClient(base_url=stack.credentials.api, timeout=20) as api:

        async def call(who: str, method: str, path: str, body: object = None) -> Any:
            answer = await api.request(method, path, json=body, headers=people[who])
            return answer.raise_for_status().json()

        example = (await call("rita.requester", "GET", f"/catalog/items/{_ITEM}"))["example"]
        await call("rita.requester", "POST", "/requests", {"items": [{"item": _ITEM, "variables": example}]})
        [mona] = (await call("ada.admin", "GET", "/people?words=mona.manager"))["items"]
        await call("ada.admin", "POST", f"/people/{mona['id']}/deactivate")
    for identity in _ENDING.values():
        await _end_of(client, identity)
    await start_routines(client, [one.model_copy(update={"every_seconds": _PACE}) for one in routines])
    await asyncio.sleep(_SWEEPS)


async def _end_of(client: Client, identity: str) -> None:
    async with asyncio.timeout(120):
        while True:
            try:
                return await client.get_workflow_handle(identity).result()
            except RPCError as missing:
                if missing.status is not RPCStatusCode.NOT_FOUND:
                    raise
            await asyncio.sleep(0.2)


async def _keep(client: Client, identity: str, name: str) -> None:
    file = FOLDER / f"{name}.json"
    if not file.exists():
        file.write_text(anonymous(await client.get_workflow_handle(identity).fetch_history()) + "\n")


if __name__ == "__main__":
    asyncio.run(record(released(sys.argv[1:])))
