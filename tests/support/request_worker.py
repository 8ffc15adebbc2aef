"""A worker for requests on the test server: real record writes on PostgreSQL, outside effects as a test tells them."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client, WorkflowHandle, WorkflowHistory, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer, Worker

from activities.origin import OriginCheck
from activities.registry import Staff
from steadydesk.contracts.assertion import AuthenticationMethod, Command
from steadydesk.contracts.gate import Decision
from steadydesk.contracts.queues import CONNECTORS, PROCESSES
from steadydesk.contracts.request_commands import (
    Comment,
    Decide,
    ErrandOrder,
    ErrandOutcome,
    OutcomeKind,
)
from steadydesk.orchestration.client import DATA_CONVERTER
from steadydesk.orchestration.requests import Sender
from steadydesk.policies.assertion import unsigned
from steadydesk.records.engine import make_engine
from tests.support.ledger import settled
from tests.support.quiet import Quiet
from tests.support.request_desk import KEYRING, Desk, command_name
from tests.support.sandbox import SANDBOX
from tests.support.stacks import isolated_settings
from workflows import registry

_PULSE = timedelta(seconds=0.2)


class Errands:
    """Outside effects, written down, held back, failing as told; each by its key without the line, ``one:1:undo:1``."""

    def __init__(self) -> None:
        self.engine: AsyncEngine | None = None
        self.called: list[str] = []
        self.failing: dict[str, str] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.stubborn: set[str] = set()

    def hold(self, key: str, *, stubborn: bool = False) -> asyncio.Event:
        """The errand is under way until the event is set; a stubborn one also when it is cancelled."""
        self.held[key] = asyncio.Event()
        if stubborn:
            self.stubborn.add(key)
        return self.held[key]

    @activity.defn
    async def perform_step(self, order: ErrandOrder) -> ErrandOutcome:
        return await self._happen(order)

    @activity.defn
    async def undo_step(self, order: ErrandOrder) -> ErrandOutcome:
        return await self._happen(order)

    async def _happen(self, order: ErrandOrder) -> ErrandOutcome:
        _, key = order.key.split(":", 1)
        self.called.append(key)
        if key in self.held:
            await self._wait(key, self.held[key])
        if problem := self.failing.get(key):
            raise ApplicationError(problem, type=problem, non_retryable=True)
        if self.engine is not None:
            await settled(self.engine, order.number, order.key, now())
        return ErrandOutcome(kind=OutcomeKind.DONE)

    async def _wait(self, key: str, event: asyncio.Event) -> None:
        while not event.is_set():
            activity.heartbeat()
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                if key not in self.stubborn:
                    raise


@dataclass
class Works:
    """Orders and commands to the requests of a running worker."""

    desk: Desk
    client: Client
    staff: Staff
    errands: Errands = field(default_factory=Errands)

    @property
    def sender(self) -> Sender:
        return self.staff.sender

    async def order(self, *items: str, by: str = "rita", **more: Any) -> str:
        number = await self.desk.reserve(*items, by=by, **more)
        await self.open(number, by)
        return number

    async def open(self, number: str, by: str = "rita") -> dict[str, Any]:
        return await self.sender.open(number, actor=self.desk.ids[by], at=now(), summary="test")

    async def send(
        self,
        number: str,
        command: Command,
        by: str,
        update_id: str | None = None,
        sender: Sender | None = None,
    ) -> dict[str, Any]:
        """Send a command; one that the server drops because the run just ends is sent again, as its caller would."""
        identity = update_id or uuid.uuid4().hex
        while True:
            try:
                return await (sender or self.sender).send(
                    number,
                    command_name(command),
                    command,
                    update_id=identity,
                    actor=self.desk.ids.get(by, by),
                    at=now(),
                    method=AuthenticationMethod.TOKEN,
                )
            except RPCError as dropped:
                if dropped.status is not RPCStatusCode.FAILED_PRECONDITION:
                    raise

    async def decide(self, gate: str, decision: str, by: str, **more: Any) -> dict[str, Any]:
        command = Decide(assertion=unsigned(), gate=gate, decision=Decision(decision))
        return await self.send(gate.rsplit("-G", 1)[0], command, by, **more)

    def handle(self, number: str) -> WorkflowHandle[Any, str]:
        return self.client.get_workflow_handle(number, result_type=str)

    async def result(self, number: str) -> str:
        return await asyncio.wait_for(self.handle(number).result(), 30)

    async def history(self, number: str, run_id: str | None = None) -> WorkflowHistory:
        return await self.client.get_workflow_handle(number, run_id=run_id).fetch_history()

    async def run_ids(self, number: str) -> list[str]:
        """The runs of a request, the oldest first."""
        found: list[str] = []
        run_id: str | None = (await self.handle(number).describe()).run_id
        while run_id:
            found.insert(0, run_id)
            history = await self.history(number, run_id)
            started = history.events[0].workflow_execution_started_event_attributes
            run_id = started.continued_execution_run_id or None
        return found


def now() -> datetime:
    return datetime.now(UTC)


async def comment(desk: Desk, **more: object) -> Comment:
    return Comment.model_validate({"assertion": unsigned(), "text": await desk.words("Hello"), **more})


async def refusal(sent: object) -> str | None:
    """The type of the refusal of an update."""
    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await sent  # pyright: ignore[reportGeneralTypeIssues]
    assert isinstance(caught.value.cause, ApplicationError)
    return caught.value.cause.type


def events(history: WorkflowHistory, kind: str) -> list[Any]:
    """The attributes of the events of one kind, such as ``timer_fired``."""
    name = f"{kind}_event_attributes"
    return [getattr(event, name) for event in history.events if event.HasField(name)]  # pyright: ignore[reportArgumentType]


async def replayed(works: Works, number: str) -> None:
    """Every run of the request fits the code."""
    replayer = Replayer(workflows=registry.PROCESSES, data_converter=DATA_CONVERTER, workflow_runner=SANDBOX)
    for run_id in await works.run_ids(number):
        await replayer.replay_workflow(await works.history(number, run_id))


async def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    """Until ``condition``, which may be awaitable, holds."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def working(
    desk: Desk, client: Client, *instead: Callable[..., Any], **options: Any
) -> AsyncIterator[Works]:
    """A worker for the time of the block; activities ``instead`` take the place of those of their name."""
    url = desk.engine.url.render_as_string(hide_password=False)
    engine, patient = make_engine(url), make_engine(url, command_seconds=5)
    staff = Staff(isolated_settings(database_url=url), client, engine, patient)
    staff.sender.keyring = KEYRING
    staff.transitions.waker = staff.grants.waker = Quiet()
    works = Works(desk, client, staff)
    works.errands.engine = patient
    names = {name_of(one) for one in instead}
    records = [*(one for one in staff.records() if name_of(one) not in names), *instead]
    errands = [works.errands.perform_step, works.errands.undo_step]
    outside = [one for one in staff.connectors() if name_of(one) not in {"perform_step", "undo_step"}]
    processes = Worker(
        client,
        task_queue=PROCESSES,
        workflows=registry.PROCESSES,
        activities=records,
        interceptors=[OriginCheck()],
        workflow_runner=SANDBOX,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
        **options,
    )
    connectors = Worker(
        client,
        task_queue=CONNECTORS,
        activities=[*errands, *outside],
        interceptors=[OriginCheck()],
        max_heartbeat_throttle_interval=_PULSE,
        default_heartbeat_throttle_interval=_PULSE,
    )
    try:
        async with processes, connectors:
            yield works
            await end_all(client)
    finally:
        await staff.close()
        await engine.dispose()
        await patient.dispose()


def name_of(one: Callable[..., Any]) -> str:
    """The name under which an activity is registered."""
    return getattr(one, "__temporal_activity_definition").name


async def end_all(client: Client) -> None:
    """Nothing that a test leaves running takes up the next one's worker."""
    async for one in client.list_workflows("ExecutionStatus = 'Running'"):
        try:
            await client.get_workflow_handle(one.id).terminate()
        except RPCError:
            continue
