"""The record writes of a request that its own commands ask for: open, take up again, cancel, comment, change."""

from sqlalchemy import select, update
from temporalio import activity

from activities import edits
from activities.opening import fill, new_process
from activities.transition import Transitions, refused
from activities.voice import take_survey_answer
from activities.work import Actor
from steadydesk.contracts.agenda import Answer
from steadydesk.contracts.request import RequestProcess
from steadydesk.contracts.request_commands import (
    AnswerSurvey,
    Cancel,
    Comment,
    Move,
    Open,
    Order,
    Reschedule,
    Resubmit,
    TellRequest,
    Tick,
    Watch,
    Write,
)
from steadydesk.errors import UnknownRecord
from steadydesk.records import processes
from steadydesk.records.tables.process import reservation


class RequestActivities:
    """Local activities, named after what they write."""

    def __init__(self, transitions: Transitions[RequestProcess]) -> None:
        self.transitions = transitions

    @activity.defn
    async def open_request(self, write: Write[Open]) -> Answer:
        """Turn the reservation into the record with its lines, and open the first gates; once."""
        engine = self.transitions.engine
        async with engine.begin() as connection:
            reserved = await connection.execute(
                select(reservation.c.order).where(reservation.c.number == write.number).with_for_update()
            )
            row = reserved.one_or_none()
            if row is None:
                raise refused(UnknownRecord(f"nothing was reserved under {write.number}"))
            earlier = await processes.earlier_result(connection, write.number, write.step)
            if earlier is not None:
                return Answer.model_validate(earlier)
            order = Order.model_validate(row[0])
            process = new_process(order, write.at)
            work = await self.transitions.work(
                connection, process, step=write.step, at=write.at, run=write.run, actor=Actor(order.opened_by)
            )
            await fill(work, order)
            await connection.execute(
                update(reservation).where(reservation.c.number == write.number).values(opened_at=write.at)
            )
            answer = await self.transitions.finish(work, new=True)
        self.transitions.waker.wake()
        return answer

    @activity.defn
    async def take_up_request(self, tick: Tick) -> Answer:
        """The agenda of a record whose workflow was started again: from the document, as it stands."""
        return await self.transitions.tick(edits.take_up, tick)

    @activity.defn
    async def record_cancellation(self, write: Write[Cancel]) -> Answer:
        return await self.transitions.command(edits.cancel, write)

    @activity.defn
    async def record_comment(self, write: Write[Comment]) -> Answer:
        return await self.transitions.command(edits.comment, write)

    @activity.defn
    async def record_watcher(self, write: Write[Watch]) -> Answer:
        return await self.transitions.command(edits.watch, write)

    @activity.defn
    async def record_resubmission(self, write: Write[Resubmit]) -> Answer:
        return await self.transitions.command(edits.resubmit, write)

    @activity.defn
    async def record_effective_date(self, write: Write[Reschedule]) -> Answer:
        return await self.transitions.command(edits.reschedule, write)

    @activity.defn
    async def record_state(self, write: Write[Move]) -> Answer:
        return await self.transitions.command(edits.move, write)

    @activity.defn
    async def record_survey_answer(self, write: Write[AnswerSurvey]) -> Answer:
        return await self.transitions.command(take_survey_answer, write)

    @activity.defn
    async def record_message(self, write: Write[TellRequest]) -> Answer:
        return await self.transitions.command(edits.hear, write)
