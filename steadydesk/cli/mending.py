"""What `steadydesk doctor --repair` does: always through the process itself, which is the only writer of its record."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from temporalio.client import Client, RPCTimeoutOrCancelledError, WorkflowUpdateFailedError
from temporalio.service import RPCError

from steadydesk.cli.client import REFUSED, fail
from steadydesk.contracts.assertion import SERVICE_ACTOR
from steadydesk.contracts.numbers import RecordKind, kind_of
from steadydesk.contracts.request_commands import TellRequest
from steadydesk.orchestration.inspection import is_running
from steadydesk.orchestration.requests import Sender
from steadydesk.orchestration.routines import start_routine_again
from steadydesk.policies.assertion import unsigned
from steadydesk.policies.doctor import Symptom
from steadydesk.records.keys import KeyFileError, load_keyring
from steadydesk.settings import Settings

_MENDABLE = ("workflow", "row", "sight", "gate", "version")
_ROUTINE = "routine"
_ANSWER_SECONDS = 10


class Mending(NamedTuple):
    """What came of mending one number; ``reason`` says why it could not be mended."""

    number: str
    reason: str | None = None


def mendable(symptoms: Iterable[Symptom]) -> list[str]:
    """The numbers whose processes can mend what was found."""
    return sorted({symptom.number for symptom in symptoms if symptom.check in _MENDABLE})


async def mend(
    client: Client, settings: Settings, symptoms: Sequence[Symptom], summaries: Mapping[str, str]
) -> list[Mending]:
    """Start processes and routines again, or have a process write its rows anew; ``summaries`` are what the Temporal UI
    says of requests, by number.
    """
    routines = sorted({symptom.number for symptom in symptoms if symptom.check == _ROUTINE})
    numbers = mendable(symptoms)
    mended = [await _tried(name, lambda name: start_routine_again(client, name)) for name in routines]
    if not numbers:
        return mended
    try:
        sender = Sender(client, load_keyring(settings.keys_file))
    except KeyFileError as error:
        fail(REFUSED, str(error))

    async def mend_one(number: str) -> None:
        await _mend(sender, number, summaries.get(number))

    return [*mended, *[await _tried(number, mend_one) for number in numbers]]


async def _tried(number: str, work: Callable[[str], Awaitable[None]]) -> Mending:
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            await work(number)
    except WorkflowUpdateFailedError as error:
        return Mending(number, f"its process refused: {error.cause}")
    except (TimeoutError, RPCTimeoutOrCancelledError):
        return Mending(number, f"no answer within {_ANSWER_SECONDS} s; does a worker run?")
    except RPCError as error:
        return Mending(number, f"Temporal says: {error.message}")
    return Mending(number)


async def _mend(sender: Sender, number: str, summary: str | None) -> None:
    """An ended process is started from its document, which also writes its rows; a running one is told to look."""
    started = not await is_running(sender.client, number)
    if started:
        await sender.take_up(number, summary)
    if not started or kind_of(number) is RecordKind.GRANT:
        await _tell_to_look(sender, number)


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
