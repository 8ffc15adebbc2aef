"""Send one command of a caller to the process that owns a record, once per Idempotency-Key."""

import asyncio
import hashlib
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

import structlog
from fastapi import Header
from pydantic import BaseModel
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from api.problems import TEMPORAL_AWAY
from api.security import Caller
from api.services import Services
from api.versions import version_in
from steadydesk.contracts.assertion import Command, TextRef
from steadydesk.contracts.kept_command import KeptCommand
from steadydesk.errors import InvalidInput, Problem, RecordClosed
from steadydesk.orchestration.requests import is_final
from steadydesk.policies.kept_refusal import refusal_in
from steadydesk.records import kept_commands, texts
from steadydesk.records.directory_approvers import people_by_name
from steadydesk.records.engine import Connection, autocommit
from steadydesk.records.links import request_behind
from steadydesk.records.processes import earlier_result, is_open

_log = structlog.get_logger(__name__)

ANSWER_WITHIN = 5.0
"""Seconds that a caller waits; a later answer is found under the same key."""
_SENDING: "set[asyncio.Task[dict[str, Any]]]" = set()
"""What is on its way; the event loop alone would not keep it."""

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="The same key and body again: the same answer.",
        min_length=1,
        max_length=200,
    ),
]
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="The ETag of your last read; another version is refused."),
]


@dataclass(frozen=True)
class Sent:
    """``answer`` is None when it was not there in time: the process goes on with it all the same."""

    number: str
    answer: dict[str, Any] | None


def version_of(if_match: str | None) -> int | None:
    """The version that an ``If-Match`` header names; InvalidInput for what is no ETag of ours."""
    if if_match is None:
        return None
    return version_in(if_match)


def body_hash(path: str, body: BaseModel) -> str:
    """What an Idempotency-Key is bound to: the address and the whole body."""
    return hashlib.sha256(f"{path}\n{body.model_dump_json()}".encode()).hexdigest()


def key_or_new(key: str | None) -> str:
    return key or secrets.token_hex(16)


async def kept_before(
    connection: Connection, caller: Caller, key: str | None, hashed: str
) -> KeptCommand | None:
    """What the caller sent under the key before; nothing where they gave none."""
    if not key:
        return None
    return await kept_commands.kept_command(connection, caller.id, key, hashed)


def to_keep(
    caller: Caller,
    key: str,
    number: str,
    name: str,
    command: Command,
    *,
    update_id: str,
    acting_for: str | None = None,
    summary: str | None = None,
) -> KeptCommand:
    """What the caller says, as it is kept under the key and sent until it is answered; Unavailable, and nothing is
    kept, where that comes more than a minute after they proved who they are.
    """
    caller.require_fresh()
    return KeptCommand(
        holder=caller.id,
        key=key,
        number=number,
        update_id=update_id,
        name=name,
        body=KeptCommand.body_of(command),
        actor=caller.person.id,
        acting_for=acting_for or caller.acting_for,
        method=caller.method,
        at=caller.now,
        summary=summary,
    )


def update_id_of(caller: Caller, what: str, number: str, key: str) -> str:
    """Derived from who, what, where and key."""
    return hashlib.sha256(f"{caller.id}\n{what}\n{number}\n{key}".encode()).hexdigest()[:32]


async def words(connection: Connection, caller: Caller, body: str | dict[str, Any] | None) -> TextRef | None:
    """The same where there may be none."""
    return None if body is None else await store(connection, caller, body)


async def store(connection: Connection, caller: Caller, body: str | dict[str, Any]) -> TextRef:
    """Store what somebody said or answered; only the reference goes on."""
    text = texts.prepare(body, caller.id)
    await texts.write(connection, [text], caller.now)
    return text.reference


async def person_named(connection: Connection, user_name: str | None, default: str, pointer: str) -> str:
    """The id behind the user name at ``pointer`` of the body, ``default`` for None; InvalidInput for nobody."""
    if user_name is None:
        return default
    found = await people_by_name(connection, [user_name])
    if user_name.lower() not in found:
        problem = Problem(pointer, "the directory has no person with this user name")
        raise InvalidInput("unknown person", problems=[problem])
    return found[user_name.lower()]


async def send(services: Services, kept: KeptCommand) -> Sent:
    """Send the command; a refusal is raised as what it is. An answer that is late, or a server that is away, is
    None: the command is kept and will be sent.
    """
    try:
        return Sent(kept.number, await in_time(_deliver(services, kept)))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return Sent(kept.number, await _answered_before(services, kept))
        if error.status not in TEMPORAL_AWAY:
            # A server that has just started may refuse what it takes a moment later; the doctor names what stays.
            _log.warning("command_not_taken", number=kept.number, command=kept.name, status=error.status.name)
        return Sent(kept.number, None)


async def keep_and_send(services: Services, kept: KeptCommand, hashed: str) -> Sent:
    """Send a command whose key is ours, which nobody can have used before, while it is being kept; answered once that
    has ended. What keeps it is on its way to the database before anything is on its way to the process.

    Where it could not be kept, it is still answered as its process did; only without an answer it is that failure.
    """
    keeping = asyncio.create_task(_keep(services, kept, hashed))
    await asyncio.sleep(0)
    try:
        sent = await send(services, kept)
    finally:
        await asyncio.wait({keeping})
    failed = keeping.exception()
    if failed is None:
        return sent
    if sent.answer is None:
        raise failed
    _log.warning("answered_and_not_kept", number=kept.number, command=kept.name, reason=type(failed).__name__)
    return sent


async def _keep(services: Services, kept: KeptCommand, hashed: str) -> None:
    async with autocommit(services.engine).connect() as connection:
        await kept_commands.keep_command(connection, kept, hashed)


async def _deliver(services: Services, kept: KeptCommand) -> dict[str, Any]:
    try:
        answer = await services.sender.deliver(kept)
    except (WorkflowAlreadyStartedError, WorkflowUpdateFailedError) as error:
        if is_final(error):
            services.answered.note(kept)
        raise
    services.answered.note(kept)
    return answer


async def in_time(sending: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any] | None:
    """The answer, or None when it is not there in time. Sending goes on all the same, as the caller is told."""
    task = asyncio.create_task(sending)
    _SENDING.add(task)
    task.add_done_callback(_sent)
    await asyncio.wait({task}, timeout=ANSWER_WITHIN)
    return task.result() if task.done() else None


def _sent(task: "asyncio.Task[dict[str, Any]]") -> None:
    _SENDING.discard(task)
    if not task.cancelled():
        task.exception()  # Fetched, for nobody else may ask for it any more.


async def _answered_before(services: Services, kept: KeptCommand) -> dict[str, Any] | None:
    """What the command was answered when its process still ran; RecordClosed where it came too late. None for an
    open record whose process somebody ended by hand: it waits until that is taken up again.
    """
    async with services.engine.connect() as connection:
        earlier = await earlier_result(connection, kept.number, f"u:{kept.update_id}")
        if earlier is None and await is_open(connection, kept.number):
            return None
        behind = await request_behind(connection, kept.number) if earlier is None else kept.number
    services.answered.note(kept)
    if earlier is None:
        words = f"{kept.number} is closed; order again or refer to it"
        raise RecordClosed(words, details={"follow_up": behind})
    if (refusal := refusal_in(earlier["said"])) is not None:
        raise refusal
    return earlier["said"]
