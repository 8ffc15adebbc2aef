"""Requests on a database: a small organisation, its people, and the record writes as a workflow would call them."""

import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError

from activities.approval import SIGNALLED, ApprovalActivities
from activities.clock import ClockActivities
from activities.plan import PlanActivities
from activities.registry import REQUESTS
from activities.request import RequestActivities
from activities.task import TaskActivities
from activities.transition import Transitions
from steadydesk.contracts.agenda import Answer
from steadydesk.contracts.assertion import Assertion, AuthenticationMethod, Command, TextRef
from steadydesk.contracts.directory_document import DirectoryDocument
from steadydesk.contracts.gate import Decision
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.request import Line
from steadydesk.contracts.request_commands import (
    ActOnTask,
    Cancel,
    ChangeApprovers,
    Comment,
    Decide,
    ErrandOutcome,
    GiveBack,
    Open,
    Order,
    OrderedItem,
    OutcomeKind,
    Recall,
    Resubmit,
    TaskAction,
    TellRequest,
    Tick,
    Write,
)
from steadydesk.policies.assertion import Keyring, install, signed, unsigned
from steadydesk.records import configuration, texts
from steadydesk.records.directory_departure import deactivate
from steadydesk.records.directory_events import installation
from steadydesk.records.directory_import import apply_directory
from steadydesk.records.engine import make_engine
from steadydesk.records.processes import draw_number
from steadydesk.records.tables.directory import person
from steadydesk.records.tables.process import reservation, serials
from steadydesk.records.tables.voice import survey
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.databases import migrated_database
from tests.support.ledger import settled
from tests.support.quiet import Quiet
from tests.support.request_people import PEOPLE, People
from tests.support.request_reading import Reading
from tests.support.requests import NOW, resolved

KEYRING = Keyring("k1", {"k1": b"k" * 32})

C = TypeVar("C", bound=Command)


@dataclass
class Desk(People, Reading):
    """The record writes of requests; ``now`` is the time of the next one, and only a test moves it."""

    engine: AsyncEngine
    owner: AsyncEngine
    configuration: str
    ids: Mapping[str, str]
    now: datetime = NOW
    waker: Quiet = field(default_factory=Quiet)

    def __post_init__(self) -> None:
        self.transitions = Transitions(REQUESTS, self.engine, self.waker)
        self.requests = RequestActivities(self.transitions)
        self.approvals = ApprovalActivities(self.transitions)
        self.tasks = TaskActivities(self.transitions)
        self.clock = ClockActivities(self.transitions)
        self.plan = PlanActivities(self.transitions)
        self._steps = itertools.count(1)

    # orders

    async def reserve(
        self,
        *items: str,
        by: str = "rita",
        requested_for: str | None = None,
        variables: dict[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """Reserve an order's number with its texts, as the API does."""
        whom = self.ids[requested_for or by]
        async with self.engine.begin() as connection:
            number = await draw_number(connection, RecordKind.REQUEST)
            answers = [texts.prepare(variables or {}, self.ids[by]) for _ in items]
            await texts.write(connection, answers, self.now)
            ordered = [
                OrderedItem(item=key, variables=answer.reference, requested_for=whom)
                for key, answer in zip(items, answers, strict=True)
            ]
            values: dict[str, Any] = {"configuration": self.configuration} | more
            order = Order(number=number, opened_by=self.ids[by], requested_for=whom, items=ordered, **values)
            await connection.execute(
                reservation.insert().values(
                    number=number,
                    order=order.model_dump(mode="json", exclude_defaults=True),
                    opened_by=order.opened_by,
                    reserved_at=self.now,
                )
            )
        return number

    async def order(self, *items: str, by: str = "rita", **more: Any) -> str:
        """Reserve and open."""
        number = await self.reserve(*items, by=by, **more)
        await self.requests.open_request(self.write(number, Open(assertion=unsigned()), by, step="u:open"))
        return number

    async def surveyed(self, item: str = "surveyed") -> str:
        """A request whose survey has been sent."""
        async with self.engine.begin() as connection:
            await connection.execute(survey.delete())
        number = await self.order(item)
        await self.ring_next(await self.agenda(number), number)
        return number

    async def words(self, body: str | dict[str, Any], by: str = "rita") -> TextRef:
        prepared = texts.prepare(body, self.ids[by])
        async with self.engine.begin() as connection:
            await texts.write(connection, [prepared], self.now)
        return prepared.reference

    # commands

    def write(
        self,
        number: str,
        command: C,
        by: str,
        *,
        step: str | None = None,
        acting_for: str | None = None,
        name: str | None = None,
    ) -> Write[C]:
        """The message of a command, signed for this record and step; ``name`` where it is not its update."""
        identity = (step or f"u:{next(self._steps)}").removeprefix("u:")
        body = signed(
            KEYRING,
            command,
            workflow_id=number,
            command=name or command_name(command),
            update_id=identity,
            actor=self.ids.get(by, by),
            acting_for=self.ids[acting_for] if acting_for else None,
            method=AuthenticationMethod.TOKEN,
            at=self.now,
        )
        return Write[type(command)](
            number=number, step=step or f"u:{identity}", at=self.now, run="run", command=body
        )

    def vote(
        self,
        gate: str,
        decision: str,
        by: str,
        *,
        acting_for: str | None = None,
        by_signal: bool = False,
        **more: Any,
    ) -> Write[Decide]:
        command = Decide(assertion=unsigned(), gate=gate, decision=Decision(decision), **more)
        name = SIGNALLED if by_signal else None
        return self.write(gate.rsplit("-G", 1)[0], command, by, acting_for=acting_for, name=name)

    async def decide(self, gate: str, decision: str, by: str, **more: Any) -> Answer:
        return await self.approvals.record_decision(self.vote(gate, decision, by, **more))

    async def add_approver(self, gate: str, whom: str, by: str = "otto") -> Answer:
        command = ChangeApprovers(assertion=unsigned(), gate=gate, add=self.ids[whom])
        return await self.approvals.record_approver(self.write(gate.rsplit("-G", 1)[0], command, by))

    async def cancel(self, number: str, line: str | None = None, by: str = "rita") -> Answer:
        command = Cancel(assertion=unsigned(), line=line)
        return await self.requests.record_cancellation(self.write(number, command, by))

    async def comment(self, number: str, words: str = "Here you are.", by: str = "rita") -> Answer:
        command = Comment(assertion=unsigned(), text=await self.words(words, by))
        return await self.requests.record_comment(self.write(number, command, by))

    async def resubmit(self, line: Line, number: str, variables: dict[str, Any], **more: Any) -> Answer:
        command = Resubmit(
            assertion=unsigned(), line=line.number, variables=await self.words(variables), **more
        )
        return await self.requests.record_resubmission(self.write(number, command, "rita"))

    async def recall(self, number: str) -> Answer:
        """Its only line, by its requester."""
        command = Recall(assertion=unsigned(), line=(await self.line(number)).number)
        return await self.requests.record_recall(self.write(number, command, "rita"))

    async def give_back(self, number: str) -> Answer:
        """Its only line, by the fulfilment group."""
        command = GiveBack(assertion=unsigned(), line=(await self.line(number)).number)
        return await self.requests.record_return(self.write(number, command, "ingo"))

    async def act(self, number: str, task: str, action: TaskAction, by: str = "ingo", **more: Any) -> Answer:
        command = ActOnTask(assertion=unsigned(), task=task, action=action, **more)
        return await self.tasks.record_task_action(self.write(number, command, by))

    async def tell(self, number: str, event: str, **more: Any) -> Answer:
        command = TellRequest.model_validate({"assertion": unsigned(), "event": event, **more})
        return await self.requests.record_message(self.write(number, command, "service"))

    # what the process does by itself

    def tick(self, number: str, step: str | None = None, **more: Any) -> Tick:
        return Tick(number=number, step=step or f"t:{next(self._steps)}", at=self.now, run="run", **more)

    async def ring(self, number: str) -> Answer:
        return await self.clock.ring_alarms(self.tick(number))

    async def ring_next(self, answer: Answer, number: str) -> Answer:
        """Let the time pass until the next alarm of an answer, and ring it."""
        assert answer.agenda.alarm is not None
        self.now = answer.agenda.alarm.at
        return await self.ring(number)

    async def report(self, number: str, errand: str, kind: OutcomeKind, problem: str | None = None) -> Answer:
        """An errand's outcome, as the workflow reports it; what was done stands in the ledger."""
        if kind is OutcomeKind.DONE:
            await settled(self.engine, number, errand, self.now)
        return await self.claim(number, errand, kind, problem)

    async def claim(self, number: str, errand: str, kind: OutcomeKind, problem: str | None = None) -> Answer:
        """An outcome of which the ledger has what it has."""
        outcome = ErrandOutcome(kind=kind, problem=problem)
        return await self.plan.record_outcome(
            self.tick(number, f"outcome:{errand}", errand=errand, outcome=outcome)
        )

    async def agenda(self, number: str) -> Answer:
        """The present agenda, by a message that changes nothing."""
        return await self.tell(number, "look")

    async def leave(self, name: str, *numbers: str) -> None:
        """Somebody leaves; each process hears of it."""
        async with self.engine.begin() as connection:
            await deactivate(connection, self.ids[name], installation(self.now))
        for number in numbers:
            await self.tell(number, "person_left", subject=self.ids[name])


_NAMES: dict[str, str] = {
    "Open": "open",
    "ChangeApprovers": "add_approver",
    "ActOnTask": "act_on_task",
    "GiveBack": "give_back",
    "AnswerSurvey": "answer_survey",
    "TellRequest": "tell",
}


def command_name(command: Command) -> str:
    """The update that takes this command."""
    kind = type(command).__name__
    return _NAMES.get(kind, kind.lower())


def forged(command: C) -> C:
    """The command with an assertion that nobody's key made."""
    assertion = Assertion.model_validate(
        {**command.assertion.model_dump(), "mac": "0" * 64, "key_id": command.assertion.key_id or "k1"}
    )
    return command.model_copy(update={"assertion": assertion})


async def gate_of(desk: Desk, item: str, **more: object) -> str:
    """The first gate of a new order."""
    return f"{await desk.order(item, **more)}-G1"  # pyright: ignore[reportArgumentType]


async def refused(write: Awaitable[Answer]) -> str | None:
    """The type of the refusal, which is never retried."""
    with pytest.raises(ApplicationError) as caught:
        await write
    assert caught.value.non_retryable
    return caught.value.type


@asynccontextmanager
async def request_desk(postgres: EmbeddedPostgres, name: str, what: Organisation) -> AsyncIterator[Desk]:
    """A desk on a database of its own with this organisation."""
    url = await migrated_database(postgres, name)
    engine, owner = make_engine(url, command_seconds=5), make_engine(postgres.url(name), pool_size=1)
    install(KEYRING)
    try:
        yield await furnished(engine, owner, what)
    finally:
        await engine.dispose()
        await owner.dispose()


async def furnished(engine: AsyncEngine, owner: AsyncEngine, what: Organisation) -> Desk:
    """People and organisation put into the database."""
    async with owner.begin() as connection:
        for serial in serials.values():
            # Numbers of its own, since several databases may share one Temporal server.
            await connection.execute(select(func.setval(serial.name, random.randrange(1, 700_000))))
    async with engine.begin() as connection:
        await apply_directory(connection, DirectoryDocument.model_validate(PEOPLE), NOW)
        version = await configuration.propose(connection, resolved(what), "test", installation(NOW))
        rows = await connection.execute(select(person.c.user_name, person.c.id))
        ids = {row.user_name: row.id for row in rows}
    return Desk(engine, owner, version.digest, ids)
