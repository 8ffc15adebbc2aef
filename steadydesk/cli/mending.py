"""What `steadydesk doctor --repair` does: always through the process itself, which is the only writer of its record."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime

from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError

from steadydesk.cli.client import REFUSED, fail
from steadydesk.contracts.assertion import SERVICE_ACTOR
from steadydesk.contracts.numbers import RecordKind, kind_of
from steadydesk.contracts.request_commands import TellRequest
from steadydesk.orchestration.inspection import is_running
from steadydesk.orchestration.requests import Sender
from steadydesk.policies.assertion import unsigned
from steadydesk.policies.doctor import Symptom
from steadydesk.records.keys import KeyFileError, load_keyring
from steadydesk.settings import Settings

_MENDABLE = ("workflow", "row", "sight", "gate", "version")
_ANSWER_SECONDS = 10


async def mend(client: Client, settings: Settings, symptoms: Iterable[Symptom]) -> list[str]:
    """The numbers that were started again or told to write their rows anew."""
    numbers = sorted({symptom.number for symptom in symptoms if symptom.check in _MENDABLE})
    if not numbers:
        return []
    try:
        sender = Sender(client, load_keyring(settings.keys_file))
    except KeyFileError as error:
        fail(REFUSED, str(error))
    return [number for number in numbers if await _mended(sender, number)]


async def _mended(sender: Sender, number: str) -> bool:
    """An ended process is started from its document, which also writes its rows; a running one is told to look."""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            started = not await is_running(sender.client, number)
            if started:
                await sender.take_up(number)
            if not started or kind_of(number) is RecordKind.GRANT:
                await _tell_to_look(sender, number)
            return True
    except (RPCError, WorkflowUpdateFailedError, TimeoutError):
        return False


async def _tell_to_look(sender: Sender, number: str) -> None:
    now = datetime.now(UTC)
    await sender.send(
        number,
        "tell",
        TellRequest(assertion=unsigned(), event="look"),
        update_id=f"doctor:{now.isoformat()}",
        actor=SERVICE_ACTOR,
        at=now,
    )
