"""Run the effects that a plan owes: each errand once at a time, stopped when its line is taken back."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception
from temporalio.exceptions import TimeoutError as TimedOut

with workflow.unsafe.imports_passed_through():
    from activities.child import ChildActivities
    from activities.errand import ErrandActivities
    from steadydesk.contracts.agenda import Agenda, Errand, ErrandKind
    from steadydesk.contracts.queues import CONNECTORS
    from steadydesk.contracts.request_commands import ErrandOrder, ErrandOutcome, OutcomeKind

_ACTIVITIES = {
    ErrandKind.PERFORM: ErrandActivities.perform_step,
    ErrandKind.UNDO: ErrandActivities.undo_step,
    ErrandKind.OPEN_CHILD: ChildActivities.open_child_request,
    ErrandKind.START_GRANT: ChildActivities.start_grant,
    ErrandKind.TELL: ChildActivities.tell_parent,
    ErrandKind.EXTEND_GRANT: ChildActivities.extend_grant,
    ErrandKind.CANCEL_CHILD: ChildActivities.cancel_child_request,
    ErrandKind.RESCHEDULE_CHILD: ChildActivities.reschedule_child_request,
}
_CALLS = 3
"""An attempt may ask what became of an earlier one, send, and look at what it did."""
_GRACE = timedelta(seconds=10)
"""Beyond the connector's own time limits, for the ledger's writes."""
_HEARTBEAT = timedelta(seconds=15)
"""How soon another worker takes over after a crash. Attempts outside are counted by the ledger: what only our own
database or a killed worker held up is tried again without an end."""

Report = Callable[[Errand, ErrandOutcome], Awaitable[None]]


class TaskPlan:
    """The errands under way; ``report`` writes each outcome to the record."""

    def __init__(self, number: str, report: Report) -> None:
        self.number = number
        self._report = report
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._outside: set[str] = set()

    @property
    def busy(self) -> bool:
        return bool(self._under_way)

    def dispatch(self, agenda: Agenda) -> None:
        """Start what the agenda names and nobody runs yet; stop what it does not want any more."""
        for key in agenda.stopped:
            # One whose outcome is being written has ended; stopping it would lose the outcome.
            if key in self._outside:
                self._under_way[key].cancel()
        for errand in agenda.errands:
            if errand.key not in self._under_way:
                self._under_way[errand.key] = asyncio.create_task(self._run(errand))

    async def _run(self, errand: Errand) -> None:
        try:
            self._outside.add(errand.key)
            try:
                outcome = await _execute(self.number, errand)
            finally:
                self._outside.discard(errand.key)
            await self._report(errand, outcome)
        finally:
            del self._under_way[errand.key]


async def _execute(number: str, errand: Errand) -> ErrandOutcome:
    try:
        return await workflow.execute_activity_method(
            _ACTIVITIES[errand.kind],
            ErrandOrder(number=number, key=errand.key, attempts=errand.attempts),
            task_queue=CONNECTORS,
            start_to_close_timeout=_CALLS * timedelta(seconds=errand.timeout_seconds) + _GRACE,
            heartbeat_timeout=_HEARTBEAT,
            retry_policy=retries_of(errand),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=errand.summary,
        )
    except (ActivityError, asyncio.CancelledError) as failed:
        if is_cancelled_exception(failed):
            return ErrandOutcome(kind=OutcomeKind.STOPPED, problem="Stopped")
        return _outcome(failed)


def retries_of(errand: Errand) -> RetryPolicy:
    """How the errand is tried again, by what its step says."""
    first = timedelta(seconds=errand.first_retry_seconds)
    return RetryPolicy(
        initial_interval=first,
        # A longest pause below the first would be refused at each attempt to go on: the process would stand still.
        maximum_interval=max(first, timedelta(seconds=errand.longest_retry_seconds)),
        non_retryable_error_types=["InvalidInput", "ExpressionError"],
    )


def _outcome(failed: BaseException) -> ErrandOutcome:
    cause = failed.__cause__ if isinstance(failed, ActivityError) else failed
    if isinstance(cause, TimedOut):
        return ErrandOutcome(kind=OutcomeKind.UNKNOWN, problem="TimedOut")
    problem = cause.type if isinstance(cause, ApplicationError) else type(cause).__name__
    kinds = {
        "Refused": OutcomeKind.REFUSED,
        "OutcomeUnknown": OutcomeKind.UNKNOWN,
        "NeedsPerson": OutcomeKind.NEEDS_PERSON,
    }
    return ErrandOutcome(kind=kinds.get(problem or "", OutcomeKind.FAILED), problem=problem)
