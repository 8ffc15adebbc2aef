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
_GRANT = "grant"
_ANSWER_SECONDS = 10


class Mending(NamedTuple):
    """What came of mending one number; ``reason`` says why it could not be mended."""

    number: str
    reason: str | None = None


class Known(NamedTuple):
    """What mending needs of the records, by number."""

    summaries: Mapping[str, str]
    """What the Temporal UI says of requests."""
    holders: Mapping[str, str]
    """Whom a grant's own process has to hear of."""


def mendable(symptoms: Iterable[Symptom]) -> list[str]:
    """The numbers whose processes can mend what was found by themselves."""
    return _numbers(symptoms, *_MENDABLE)


def held(symptoms: Iterable[Symptom]) -> list[str]:
    """The grants of people who have left: mendable where they have a process of their own."""
    return _numbers(symptoms, _GRANT)


def _numbers(symptoms: Iterable[Symptom], *checks: str) -> list[str]:
    return sorted({symptom.number for symptom in symptoms if symptom.check in checks})


async def mend(
    client: Client, settings: Settings, symptoms: Sequence[Symptom], known: Known
) -> list[Mending]:
    """Start processes and routines again, have a process write its rows anew, or tell a grant that its holder left."""
    routines = _numbers(symptoms, _ROUTINE)
    numbers = sorted({*mendable(symptoms), *known.holders})
    mended = [await _tried(name, lambda name: start_routine_again(client, name)) for name in routines]
    if not numbers:
        return mended
    try:
        sender = Sender(client, load_keyring(settings.keys_file))
    except KeyFileError as error:
        fail(REFUSED, str(error))

    async def mend_one(number: str) -> None:
        await _mend(sender, number, known)

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


async def _mend(sender: Sender, number: str, known: Known) -> None:
    """An ended process is started from its document, which also writes its rows; a running one is told to look."""
    started = not await is_running(sender.client, number)
    if started:
        await sender.take_up(number, known.summaries.get(number))
    if not started or kind_of(number) is RecordKind.GRANT:
        await _tell(sender, number, known.holders.get(number))


async def _tell(sender: Sender, number: str, holder: str | None) -> None:
    """A grant looks in the same way as it hears that its holder left."""
    now = datetime.now(UTC)
    word = TellRequest(assertion=unsigned(), event="person_left" if holder else "look", subject=holder)
    await sender.send(
        number, "tell", word, update_id=f"doctor:{now.isoformat()}", actor=SERVICE_ACTOR, at=now
    )
