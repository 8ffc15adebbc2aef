"""Deliveries: messages leave the outbox, reach each target in order, and are found where nobody was woken.

``DLV-outbox`` turns outbox rows into deliveries; ``DLV-mail``, ``DLV-webhook-…`` and ``DLV-processes`` serve
one target each while it has something to get; ``DLV-sweep`` looks once a minute for what was missed.
"""

from datetime import datetime, timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from steadydesk.contracts.base import Contract
    from steadydesk.contracts.delivery import (
        DELIVERY_WORKFLOW,
        FAN_OUT,
        FIND_UNSERVED,
        HURRY,
        OUTBOX_WORKFLOW,
        SEND_DUE,
        SWEEP_WORKFLOW,
        WAKE,
        WAKE_DELIVERIES,
        FanOutDone,
        FanOutDue,
        SendDone,
        SendDue,
        SweepDone,
        SweepDue,
        TargetRun,
        WakeDue,
    )

_IDLE = timedelta(seconds=30)
_SWEEP = timedelta(minutes=1)
_NO_PROGRESS = timedelta(seconds=1)
_UNTIL_IT_WORKS = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=15))
_A_FEW_TIMES = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=5)

_Result = TypeVar("_Result", bound=Contract)


async def _write(name: str, argument: Contract, result: type[_Result], summary: str) -> _Result:
    """A short write to our records: local, and as a regular activity while the database is away."""
    try:
        return await workflow.execute_local_activity(
            name,
            argument,
            result_type=result,
            start_to_close_timeout=timedelta(seconds=5),
            retry_policy=_A_FEW_TIMES,
            summary=summary,
        )
    except FailureError as failure:
        if is_cancelled_exception(failure):
            raise
    return await workflow.execute_activity(
        name,
        argument,
        result_type=result,
        start_to_close_timeout=timedelta(seconds=30),
        retry_policy=_UNTIL_IT_WORKS,
        summary=summary,
    )


async def _wake(due: WakeDue) -> None:
    await workflow.execute_activity(
        WAKE_DELIVERIES,
        due,
        start_to_close_timeout=timedelta(seconds=10),
        retry_policy=_UNTIL_IT_WORKS,
        summary="Wake " + ", ".join([*(["outbox"] if due.outbox else []), *due.targets])[:300],
    )


@workflow.defn(name=OUTBOX_WORKFLOW)
class OutboxWorkflow:
    """Empties the outbox whenever it is woken, and ends when nobody wakes it for a while."""

    def __init__(self) -> None:
        self._woken = False

    @workflow.signal(name=WAKE, description="Look into the outbox again")
    def wake(self) -> None:
        """Carries nothing and decides nothing, so it needs no assertion of an actor."""
        self._woken = True

    @workflow.run
    async def run(self) -> None:
        while True:
            await self._empty()
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new()
            try:
                await workflow.wait_condition(
                    lambda: self._woken, timeout=_IDLE, timeout_summary="Ends when nobody wakes it"
                )
            except TimeoutError:
                if not self._woken:
                    return

    async def _empty(self) -> None:
        more = True
        while more:
            self._woken = False
            due = FanOutDue(now=workflow.now())
            done = await _write(FAN_OUT, due, FanOutDone, "Outbox to deliveries")
            if done.targets:
                await _wake(WakeDue(targets=done.targets))
            more = done.more or self._woken


@workflow.defn(name=DELIVERY_WORKFLOW)
class DeliveryWorkflow:
    """Serves one target: sends what is due, waits for what is due later, and ends when nothing is left."""

    @workflow.init
    def __init__(self, run: TargetRun) -> None:
        self._target = run.target
        self._woken = False
        self._hurried = False

    @workflow.signal(name=WAKE, description="There is something to deliver")
    def wake(self) -> None:
        self._woken = True

    @workflow.signal(name=HURRY, description="Try now, although the target was left alone")
    def hurry(self) -> None:
        self._hurried = True

    @workflow.run
    async def run(self, run: TargetRun) -> None:
        while True:
            self._woken = self._hurried = False
            done = await self._send()
            again_at = _again_at(done)
            workflow.set_current_details(_details(run.target, done, again_at))
            if again_at is None:
                if self._woken or self._hurried:
                    continue
                return
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(run)
            await self._rest(done, again_at)

    async def _send(self) -> SendDone:
        return await workflow.execute_activity(
            SEND_DUE,
            SendDue(target=self._target, now=workflow.now()),
            result_type=SendDone,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=10),
            retry_policy=_UNTIL_IT_WORKS,
            summary=f"Send what is due to {self._target}",
        )

    async def _rest(self, done: SendDone, until: datetime) -> None:
        """Wait until something is due or somebody calls; for a target left alone, only a hurry counts."""
        least = timedelta(0) if done.sent or done.again or done.ended else _NO_PROGRESS
        wait = max(until - workflow.now(), least)
        if wait <= timedelta(0):
            return
        alone = done.paused_until is not None
        summary = f"{self._target} is left alone" if alone else f"{done.left} wait for their next try"
        try:
            await workflow.wait_condition(
                lambda: self._hurried or (self._woken and not alone), timeout=wait, timeout_summary=summary
            )
        except TimeoutError:
            return


def _again_at(done: SendDone) -> datetime | None:
    """When to look again; None when nothing is left to do."""
    if done.next_at is None:
        return done.paused_until
    return max(done.next_at, done.paused_until) if done.paused_until else done.next_at


def _details(target: str, done: SendDone, again_at: datetime | None) -> str:
    if again_at is None:
        return f"Nothing waits for **{target}**."
    why = "the target is left alone until then" if done.paused_until else "the next try"
    return f"**{done.left}** wait for **{target}**. Again at {again_at:%Y-%m-%d %H:%M:%S} UTC: {why}."


@workflow.defn(name=SWEEP_WORKFLOW)
class OutboxSweepWorkflow:
    """Once a minute, wakes what should have been woken: a worker may die between a commit and its wake."""

    @workflow.run
    async def run(self) -> None:
        while True:
            await workflow.sleep(_SWEEP, summary="Until the next look")
            due = SweepDue(now=workflow.now())
            found = await _write(FIND_UNSERVED, due, SweepDone, "Messages that nobody was woken for")
            if found.outbox or found.targets:
                await _wake(WakeDue(targets=found.targets, outbox=found.outbox))
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new()


WORKFLOWS = [OutboxWorkflow, DeliveryWorkflow, OutboxSweepWorkflow]
"""What the worker of the deliveries queue registers."""
