"""What every process shares: its agenda, checked commands, record writes that outlast the database's absence."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey, SearchAttributeUpdate
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.security import SecurityActivities
    from steadydesk.contracts import agenda as limits
    from steadydesk.contracts import search_attributes as names
    from steadydesk.contracts.agenda import Agenda, Answer, Facets
    from steadydesk.contracts.assertion import Command
    from steadydesk.contracts.request_commands import Tick, Write
    from steadydesk.errors import ForgedCommand, Refusal, StaleVersion, refusal_named
    from steadydesk.policies import assertion
    from steadydesk.policies import forged as forgeries

C = TypeVar("C", bound=Command)
M = TypeVar("M")

_NONE = Facets(state="")
_LOCAL = timedelta(seconds=2)
_LOCAL_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(seconds=1), maximum_attempts=5
)
_REGULAR = timedelta(seconds=10)
_REGULAR_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=15))


class RecordProcess:
    """The part of a workflow that knows its record: what it owes, and the one way to write."""

    def __init__(self, number: str, agenda: Agenda | None, handled: list[str]) -> None:
        self.number = number
        # Only an earlier run of this process hands its agenda on; anybody can start one with an agenda made up.
        self.agenda = agenda = agenda if workflow.info().continued_run_id else None
        self.handled = handled
        self.updates = 0
        self._lock = asyncio.Lock()
        self._facets: Facets | None = None
        if agenda is not None:
            self._facets = agenda.facets
            workflow.set_current_details(agenda.details)

    def check(self, command: str, body: Command) -> None:
        """The validator of every command: who says so, bound to this workflow, command and update; the version."""
        update = workflow.current_update_info()
        identity = update.id if update else ""
        self.verify(command, body, identity)
        if identity in self.handled:
            return  # A repeat is answered as the first time, whatever the version is by now.
        if body.if_match is not None and self.agenda is not None and body.if_match != self.agenda.version:
            raise _refusal(
                StaleVersion(f"{self.number} is at version {self.agenda.version}, not {body.if_match}")
            )

    def verify(self, command: str, body: Command, update_id: str) -> None:
        try:
            assertion.verify(
                assertion.installed(),
                body.assertion,
                workflow_id=self.number,
                command=command,
                update_id=update_id,
                body=body,
            )
        except ForgedCommand as forged:
            forgeries.note(self.number, command)
            raise _refusal(forged) from None

    async def command(self, activity: Callable[..., Any], write: type[Write[C]], body: C) -> dict[str, Any]:
        """Write what a person asked for. Its step is the update's id, so that no repeat acts twice."""
        update = workflow.current_update_info()
        identity = update.id if update else body.assertion.update_id
        self.updates += 1
        self.handled = [*self.handled, identity][-limits.MOST_HANDLED :]
        # Before the record is there nothing can be decided about it; the opening command is under way.
        if body.assertion.command != "open":
            await workflow.wait_condition(lambda: self.agenda is not None)
        message = write(
            number=self.number,
            step=f"u:{identity}",
            at=workflow.now(),
            run=workflow.info().run_id,
            command=body,
        )
        return (await self.write(activity, message)).said

    async def tick(self, activity: Callable[..., Any], step: str, **more: Any) -> Answer:
        """Write what the process does by itself."""
        message = Tick(number=self.number, step=step, at=workflow.now(), run=workflow.info().run_id, **more)
        return await self.write(activity, message)

    async def write(self, activity: Callable[..., Any], message: object) -> Answer:
        """One record write after the other: local and fast, or regular and patient while the database is away."""
        async with self._lock:
            answer = await execute_write(activity, message)
            self._take(answer.agenda)
            return answer

    def _take(self, agenda: Agenda) -> None:
        """A repeated step answers with the agenda of its first time; the newer one stays."""
        if self.agenda is not None and agenda.version < self.agenda.version:
            return
        self.agenda = agenda
        workflow.set_current_details(agenda.details)
        if changed := _attributes(self._facets or _NONE, agenda.facets):
            workflow.upsert_search_attributes(changed)  # pyright: ignore[reportUnknownMemberType]
        self._facets = agenda.facets

    async def undeterred(self, life: Callable[[], Awaitable[str]]) -> str:
        """Live on to the end. A cancellation by the Temporal UI, CLI or gRPC has no proof of who asks for it:
        it is counted and changes nothing; people cancel through the API.

        A second workflow for the same number, started by hand under another id, ends at once.
        """
        if workflow.info().workflow_id != self.number:
            raise ApplicationError(
                f"{self.number} is run by the workflow of its number alone",
                type="WrongWorkflowId",
                non_retryable=True,
            )
        while True:
            try:
                return await life()
            except (asyncio.CancelledError, FailureError) as stopped:
                if not is_cancelled_exception(stopped):
                    raise
            message = Tick(
                number=self.number,
                step=f"cancelled:{workflow.info().run_id}",
                at=workflow.now(),
                run=workflow.info().run_id,
            )
            await workflow.execute_activity_method(
                SecurityActivities.note_cancellation_without_proof,
                message,
                start_to_close_timeout=_REGULAR,
                retry_policy=_REGULAR_RETRY,
                summary="cancellation without proof: nothing changes",
            )

    async def until_moved(
        self, agenda: Agenda, ring: Callable[..., Any], or_when: Callable[[], bool] = lambda: False
    ) -> None:
        """Until a command or an outcome moved the record on from this agenda, ``or_when`` holds, or the next date has
        come, which ``ring`` writes.
        """
        alarm = agenda.alarm
        try:
            await workflow.wait_condition(
                lambda: self._is_beyond(agenda) or or_when(),
                timeout=max(alarm.at - workflow.now(), timedelta(0)) if alarm else None,
                timeout_summary=alarm.summary if alarm else None,
            )
        except TimeoutError:
            assert alarm is not None
            await self.tick(ring, f"alarm:{alarm.at.isoformat()}:{agenda.version}")

    def _is_beyond(self, agenda: Agenda) -> bool:
        return self.agenda is not None and self.agenda.version != agenda.version

    def rollover_due(self) -> bool:
        return workflow.info().is_continue_as_new_suggested() or self.updates >= limits.MOST_HANDLED


async def execute_write(activity: Callable[..., Any], message: object) -> Answer:
    """Five quick local attempts keep the workflow task short; then the same function as a regular activity."""
    summary = getattr(message, "step", "")
    try:
        return await workflow.execute_local_activity_method(
            activity, message, start_to_close_timeout=_LOCAL, retry_policy=_LOCAL_RETRY, summary=summary
        )
    except (ActivityError, ApplicationError) as failed:
        if (refused := _refused_by(failed)) is not None:
            raise refused from None
    try:
        return await workflow.execute_activity_method(
            activity, message, start_to_close_timeout=_REGULAR, retry_policy=_REGULAR_RETRY, summary=summary
        )
    except ActivityError as failed:
        raise _refused_by(failed) or failed from None


def _refused_by(failed: ActivityError | ApplicationError) -> ApplicationError | None:
    """The typed refusal behind a failed write: all that may end an update."""
    typed = failed if isinstance(failed, ApplicationError) else failed.cause
    if isinstance(typed, ApplicationError) and refusal_named(typed.type or "") is not None:
        return typed
    return None


def _refusal(refusal: Refusal) -> ApplicationError:
    return ApplicationError(refusal.message, refusal.facts(), type=refusal.type, non_retryable=True)


def _attributes(before: Facets, now: Facets) -> list[SearchAttributeUpdate[Any]]:
    """What has changed: the server checks, keeps and indexes each attribute that it is given."""
    words = {
        names.STATE: (before.state, now.state),
        names.ASSIGNMENT_GROUP: (before.assignment_group, now.assignment_group),
        names.SERVICE: (before.service, now.service),
        names.WAITING_FOR: (before.waiting_for, now.waiting_for),
    }
    updates: list[SearchAttributeUpdate[Any]] = []
    for name, (old, new) in words.items():
        key = SearchAttributeKey.for_keyword(name)
        if new != old:
            updates.append(key.value_set(new) if new is not None else key.value_unset())
    if now.due != before.due:
        due = SearchAttributeKey.for_datetime(names.DUE)
        updates.append(due.value_set(now.due) if now.due is not None else due.value_unset())
    return updates
