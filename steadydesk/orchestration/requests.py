"""Start requests and send them commands, each signed for exactly one workflow, command and update id."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowUpdateFailedError
from temporalio.common import SearchAttributeKey as Key
from temporalio.common import SearchAttributePair as Pair
from temporalio.common import TypedSearchAttributes, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from steadydesk.contracts import search_attributes as names
from steadydesk.contracts.assertion import AuthenticationMethod, Command
from steadydesk.contracts.grant import StartGrant
from steadydesk.contracts.kept_command import OPEN, OPEN_ID, KeptCommand
from steadydesk.contracts.numbers import RecordKind, kind_of
from steadydesk.contracts.queues import PROCESSES
from steadydesk.contracts.request_commands import Open, StartRequest
from steadydesk.errors import refusal_named
from steadydesk.policies.assertion import Keyring, signed, unsigned

REQUEST_WORKFLOW = "RequestWorkflow"
GRANT_WORKFLOW = "GrantWorkflow"
_RUN_ENDS = (0.05, 0.2, 0.5)
"""Seconds after which a command is sent again that the end of a run dropped."""

TASK_TIMEOUT = timedelta(seconds=5)
"""How soon another worker takes over a workflow task after a crash; a caller waits as long."""


class Sender:
    """Who sends: a person through the API, or a process by itself."""

    def __init__(self, client: Client, keyring: Keyring) -> None:
        self.client = client
        self.keyring = keyring

    async def deliver(self, kept: KeptCommand) -> dict[str, Any]:
        """Send what a person said, now or again: the same update, in their name, of the time when they said it."""
        said: dict[str, Any] = {name: getattr(kept, name) for name in ("actor", "at", "method", "acting_for")}
        if kept.name == OPEN:
            return await self.open(kept.number, summary=kept.summary or "", **said)
        return await self.send(kept.number, kept.name, kept.command, update_id=kept.update_id, **said)

    async def open(
        self,
        number: str,
        *,
        actor: str,
        at: datetime,
        summary: str,
        method: AuthenticationMethod = AuthenticationMethod.SERVICE,
        acting_for: str | None = None,
    ) -> dict[str, Any]:
        """Start the request's process, anew where it failed unopened, and wait until its record is written.
        Safe to repeat. Raises WorkflowAlreadyStartedError when the process has ended already.
        """
        command = signed(
            self.keyring,
            Open(assertion=unsigned()),
            workflow_id=number,
            command=OPEN,
            update_id=OPEN_ID,
            actor=actor,
            acting_for=acting_for,
            method=method,
            at=at,
        )
        return await self._start(number, command, summary)

    async def start_grant(self, number: str) -> None:
        """Start the grant's own process; one that runs or has ended already is left alone."""
        with suppress(WorkflowAlreadyStartedError):
            await self.client.start_workflow(
                GRANT_WORKFLOW,
                StartGrant(number=number),
                id=number,
                task_queue=PROCESSES,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                task_timeout=TASK_TIMEOUT,
                static_summary=f"Grant {number}",
                search_attributes=_attributes("grant"),
            )

    async def take_up(self, number: str, summary: str | None = None) -> None:
        """Start the process of an open record again, whose workflow somebody ended by hand; a running one goes on.
        ``summary`` is what operators read of a request.
        """
        grant = kind_of(number) is RecordKind.GRANT
        argument = (
            StartGrant(number=number, take_up=True) if grant else StartRequest(number=number, take_up=True)
        )
        with suppress(WorkflowAlreadyStartedError):
            await self.client.start_workflow(
                GRANT_WORKFLOW if grant else REQUEST_WORKFLOW,
                argument,
                id=number,
                task_queue=PROCESSES,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                task_timeout=TASK_TIMEOUT,
                static_summary=f"Grant {number}" if grant else summary,
                search_attributes=_attributes("grant" if grant else "request"),
            )

    async def send(
        self,
        number: str,
        command: str,
        body: Command,
        *,
        update_id: str,
        actor: str,
        at: datetime,
        method: AuthenticationMethod = AuthenticationMethod.SERVICE,
        acting_for: str | None = None,
    ) -> dict[str, Any]:
        """Sign and execute one command; its answer, or WorkflowUpdateFailedError with the typed refusal."""
        signed_body = signed(
            self.keyring,
            body,
            workflow_id=number,
            command=command,
            update_id=update_id,
            actor=actor,
            acting_for=acting_for,
            method=method,
            at=at,
        )
        return await self._execute(number, command, signed_body, update_id)

    async def _start(self, number: str, command: Open, summary: str) -> dict[str, Any]:
        operation = _start_of(number, summary)
        try:
            return await self.client.execute_update_with_start_workflow(
                OPEN, command, start_workflow_operation=operation, id=OPEN_ID, result_type=dict
            )
        except BaseException:
            # The operation keeps a future of its own; an error that nobody fetches from it is logged as lost.
            started = asyncio.ensure_future(operation.workflow_handle())
            started.add_done_callback(lambda future: future.cancelled() or future.exception())
            raise

    async def _execute(self, number: str, command: str, body: Command, update_id: str) -> dict[str, Any]:
        handle = self.client.get_workflow_handle(number)
        for wait in _RUN_ENDS:
            try:
                return await handle.execute_update(command, body, id=update_id, result_type=dict)
            except RPCError as dropped:
                if dropped.status is not RPCStatusCode.FAILED_PRECONDITION:
                    raise
                # The run ended as the command came; the next run takes it, under the same id.
                await asyncio.sleep(wait)
        return await handle.execute_update(command, body, id=update_id, result_type=dict)


def _start_of(number: str, summary: str) -> WithStartWorkflowOperation[Any, Any]:
    """A fresh start of the request's process; one that runs already is used, one that came to its end stays."""
    return WithStartWorkflowOperation(
        REQUEST_WORKFLOW,
        StartRequest(number=number),
        id=number,
        task_queue=PROCESSES,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        task_timeout=TASK_TIMEOUT,
        static_summary=summary,
        search_attributes=_attributes("request"),
    )


def _attributes(record_type: str) -> TypedSearchAttributes:
    return TypedSearchAttributes(
        [Pair(Key.for_keyword(names.RECORD_TYPE), record_type), Pair(Key.for_int(names.PRIORITY), 3)]
    )


def is_final(error: WorkflowAlreadyStartedError | WorkflowUpdateFailedError) -> bool:
    """Whether sending the command again would change nothing: it was refused, or its process has ended."""
    if isinstance(error, WorkflowAlreadyStartedError):
        return True
    cause = error.cause
    return isinstance(cause, ApplicationError) and refusal_named(cause.type or "") is not None
