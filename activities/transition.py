"""The one way to write a record: lock, decide, write records, journal, audit and outbox, in one transaction, once."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.refusal import refused, stands
from activities.work import Actor, P, Work
from steadydesk.contracts.agenda import Agenda, Answer
from steadydesk.contracts.assertion import Command
from steadydesk.contracts.calendar import Calendar
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.request_commands import C, Tick, Write
from steadydesk.errors import Refusal, StaleVersion, UnknownRecord
from steadydesk.orchestration.deliveries import Waker
from steadydesk.policies.kept_refusal import refusal_in
from steadydesk.records import bundle, configuration, processes
from steadydesk.records.audit import ChainHead, Doing, chain
from steadydesk.records.bell import Bell
from steadydesk.records.bundle import Bundle, Rows


@dataclass(frozen=True)
class Book(Generic[P]):
    """How records of one kind are kept: their document, how they carry on, what lists read, what they owe."""

    document: type[P]
    advance: Callable[[Work[P]], Awaitable[None]]
    project: Callable[[Work[P]], Awaitable[None]]
    agenda: Callable[[P, Organisation, Mapping[str, Calendar], datetime], Agenda]


class Transitions(Generic[P]):
    """Runs effects on the documents of one kind of process."""

    def __init__(
        self,
        book: Book[P],
        engine: AsyncEngine,
        waker: Waker,
        public_url: str = "",
        bell: Bell | None = None,
    ) -> None:
        self._public_url = public_url
        self._bell = bell
        self.book = book
        self.engine = engine
        self.waker = waker

    async def command(self, effect: Callable[[Work[P], C], Awaitable[None]], write: Write[C]) -> Answer:
        """What somebody asked for. A Refusal becomes a non-retryable ApplicationError of its type, and changes nothing,
        however often the step comes again; everything else is retried by Temporal.
        """
        command = write.command

        async def run(work: Work[P]) -> None:
            await effect(work, command)

        actor = actor_of(command)
        try:
            answer = await self._once(
                run, write.number, write.step, write.at, write.run, actor, command.if_match
            )
        except Refusal as refusal:
            answer = await stands(self.engine, write.number, write.step, refusal, actor)
        if (before := refusal_in(answer.said)) is not None:
            raise refused(before)
        return answer

    async def signal(self, effect: Callable[[Work[P], C], Awaitable[None]], write: Write[C]) -> Answer:
        """A command that nobody waits for: ``effect`` verifies it and turns every refusal into a row."""

        async def run(work: Work[P]) -> None:
            await effect(work, write.command)

        return await self._once(
            run, write.number, write.step, write.at, write.run, actor_of(write.command), None
        )

    async def tick(self, effect: Callable[[Work[P]], Awaitable[None]], tick: Tick) -> Answer:
        """What the process does by itself. Nobody can be refused: a fault stays pending until it is mended."""
        return await self._once(effect, tick.number, tick.step, tick.at, tick.run, Actor(), None)

    async def _once(
        self,
        effect: Callable[[Work[P]], Awaitable[None]],
        number: str,
        step: str,
        at: datetime,
        run: str,
        actor: Actor,
        if_match: int | None,
    ) -> Answer:
        """The same step again changes nothing."""
        async with self.engine.begin() as connection:
            locked = await processes.lock(connection, number, step)
            if locked is None:
                raise UnknownRecord(f"there is no process {number}")
            process = self.book.document.model_validate_json(locked.document)
            if locked.result is not None:
                return await self._again(connection, process, locked.result, at)
            if if_match is not None and if_match != process.version:
                raise StaleVersion(f"{number} is at version {process.version}, not {if_match}")
            # The engine's clock may step back from one host to the next; a record's time never does.
            moment = max(at, process.updated_at)
            work = await self.work(connection, process, step=step, at=moment, run=run, actor=actor)
            await effect(work)
            answer = await self.finish(work)
        self.announce(number)
        return answer

    def announce(self, number: str) -> None:
        """After the commit: messages go out, and pages that show the record look again."""
        self.waker.wake()
        if self._bell is not None:
            self._bell.ring(number)

    async def repeat(self, connection: AsyncConnection, number: str, step: str, at: datetime) -> Answer:
        """The answer to a step that is known to be a repeat."""
        locked = await processes.lock(connection, number, step)
        assert locked is not None
        assert locked.result is not None
        process = self.book.document.model_validate_json(locked.document)
        return await self._again(connection, process, locked.result, at)

    async def _again(
        self, connection: AsyncConnection, process: P, result: dict[str, Any], at: datetime
    ) -> Answer:
        """What was said the first time, and what the process owes now: whoever asks again may have lost all since."""
        resolved = await configuration.get(connection, process.configuration)
        moment = max(at, process.updated_at)
        agenda = self._agenda(process, resolved.organisation, resolved.calendars, moment)
        return Answer(agenda=agenda, said=result["said"])

    async def work(
        self, connection: AsyncConnection, process: P, *, step: str, at: datetime, run: str, actor: Actor
    ) -> Work[P]:
        resolved = await configuration.get(connection, process.configuration)
        return Work(
            connection,
            resolved.organisation,
            resolved.calendars,
            process,
            at=at,
            step=step,
            run=run,
            actor=actor,
        )

    async def finish(self, work: Work[P], *, new: bool = False) -> Answer:
        """Carry on as far as nobody is waited for, then write everything that the transition collected."""
        await self.book.advance(work)
        process = work.process
        process.version += 1
        process.updated_at = work.at
        audit = _seal(work)
        await self.book.project(work)
        answer = Answer(
            agenda=self._agenda(process, work.organisation, work.calendars, work.at),
            said={"number": process.number, "version": process.version, **work.said},
        )
        await bundle.write(work.connection, _bundle(work, answer, audit, new=new))
        return answer

    def _agenda(
        self, process: P, organisation: Organisation, calendars: Mapping[str, Calendar], at: datetime
    ) -> Agenda:
        """With a link to the record's page, for operators who read the process in the Temporal UI."""
        agenda = self.book.agenda(process, organisation, calendars, at)
        if not self._public_url:
            return agenda
        number = process.number
        link = f"\n- [{number} in Steadydesk]({self._public_url}/records/{number})"
        return agenda.model_copy(update={"details": agenda.details + link})


def _bundle(work: Work[P], answer: Answer, audit: Rows, *, new: bool) -> Bundle:
    process = work.process
    return Bundle(
        number=process.number,
        step=work.step,
        version=process.version,
        at=work.at,
        document=process.model_dump_json(exclude_defaults=True),
        result=answer.model_dump_json(exclude_defaults=True),
        new=new,
        open=process.closed_at is None,
        records=work.records,
        gates=work.gate_rows,
        approvers=work.approvers,
        votes=work.votes,
        answered=work.answered,
        journal=work.journal,
        audit=audit,
        sights=work.sights,
        messages=work.messages,
        texts=work.texts,
    )


def _seal(work: Work[P]) -> Rows:
    """Chain what the transition noted to the record's audit; the rows to write."""
    process = work.process
    actor = work.actor
    doing = Doing(
        process.number,
        actor.person,
        actor.acting_for,
        actor.method.value,
        work.at,
        configuration=process.configuration,
        run=work.run,
    )
    head = ChainHead(process.audit_position, process.audit_head) if process.audit_position else ChainHead()
    entries = [(entry.event, entry.subject, entry.facts) for entry in work.entries]
    head, rows = chain(head, doing, entries)
    process.audit_position, process.audit_head = head.position, head.hash
    return rows


def actor_of(command: Command) -> Actor:
    return Actor.of(command.assertion)
