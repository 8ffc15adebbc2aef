"""The record writes of a request that its own commands ask for: open, take up again, cancel, comment, change."""

from temporalio import activity

from activities import edits, resubmission
from activities.effective_date import reschedule
from activities.leaving import person_left
from activities.opening import fill, new_process
from activities.refusal import refused
from activities.transition import Transitions, actor_of
from activities.voice import take_survey_answer
from activities.watchers import watch
from steadydesk.contracts.agenda import Answer
from steadydesk.contracts.request import RequestProcess
from steadydesk.contracts.request_commands import (
    AnswerSurvey,
    Cancel,
    Comment,
    GiveBack,
    Move,
    Open,
    Order,
    Recall,
    Reschedule,
    Resubmit,
    TellRequest,
    Tick,
    Watch,
    Write,
)
from steadydesk.errors import UnknownRecord
from steadydesk.records import processes


class RequestActivities:
    """Local activities, named after what they write."""

    def __init__(self, transitions: Transitions[RequestProcess]) -> None:
        self.transitions = transitions

    @activity.defn
    async def open_request(self, write: Write[Open]) -> Answer:
        """Turn the reservation into the record with its lines, and open the first gates; once."""
        engine = self.transitions.engine
        async with engine.begin() as connection:
            reserved = await processes.take_reservation(connection, write.number, write.step, write.at)
            if reserved is None:
                raise refused(UnknownRecord(f"nothing was reserved under {write.number}"))
            if reserved.result is not None:
                return await self.transitions.repeat(connection, write.number, write.step, write.at)
            order = Order.model_validate_json(reserved.document)
            process = new_process(order, write.at)
            work = await self.transitions.work(
                connection,
                process,
                step=write.step,
                at=write.at,
                run=write.run,
                actor=actor_of(write.command),
            )
            work.answers |= reserved.answers
            await fill(work, order, reserved.lines)
            for person in sorted(reserved.left):
                await person_left(work, person)
            answer = await self.transitions.finish(work, new=True)
        self.transitions.announce(write.number)
        return answer

    @activity.defn
    async def take_up_request(self, tick: Tick) -> Answer:
        """The agenda of a record whose workflow was started again: from the document, as it stands."""
        return await self.transitions.tick(edits.take_up, tick)

    @activity.defn
    async def record_cancellation(self, write: Write[Cancel]) -> Answer:
        """Stop what can be stopped and begin to take back what was done."""
        return await self.transitions.command(edits.cancel, write)

    @activity.defn
    async def record_comment(self, write: Write[Comment]) -> Answer:
        """Keep a comment or work note; the requester's answers open questions."""
        return await self.transitions.command(edits.comment, write)

    @activity.defn
    async def record_watcher(self, write: Write[Watch]) -> Answer:
        """Add or remove a watcher."""
        return await self.transitions.command(watch, write)

    @activity.defn
    async def record_resubmission(self, write: Write[Resubmit]) -> Answer:
        """Take changed answers; material ones void the gates and start the approval anew."""
        return await self.transitions.command(resubmission.resubmit, write)

    @activity.defn
    async def record_recall(self, write: Write[Recall]) -> Answer:
        """Take a line back out of approval into its requester's hands."""
        return await self.transitions.command(resubmission.recall, write)

    @activity.defn
    async def record_return(self, write: Write[GiveBack]) -> Answer:
        """Give an approved line back to its requester; what was done is taken back first."""
        return await self.transitions.command(resubmission.give_back, write)

    @activity.defn
    async def record_effective_date(self, write: Write[Reschedule]) -> Answer:
        """Move the effective date and plan the steps that wait for it anew."""
        return await self.transitions.command(reschedule, write)

    @activity.defn
    async def record_state(self, write: Write[Move]) -> Answer:
        """Move a line to another state of its phase, as its model allows."""
        return await self.transitions.command(edits.move, write)

    @activity.defn
    async def record_survey_answer(self, write: Write[AnswerSurvey]) -> Answer:
        """Keep the score; a low one opens a call-back."""
        return await self.transitions.command(take_survey_answer, write)

    @activity.defn
    async def record_message(self, write: Write[TellRequest]) -> Answer:
        """Hear another process: a child ended, a person left."""
        return await self.transitions.command(edits.hear, write)
