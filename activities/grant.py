"""The record writes of a grant: taken over from its request, reminded, extended, revoked, verified gone."""

from functools import partial

from sqlalchemy import select
from temporalio import activity

from activities import grant_effects, grant_task
from activities.grant_effects import GrantWork
from activities.proven import proven
from activities.refusal import refused
from activities.same_access import Kept, kept_access
from activities.sight_repair import take_back_sight
from activities.transition import Transitions
from activities.unheard import hear_of_holder
from activities.work import Actor
from steadydesk.contracts.agenda import Answer
from steadydesk.contracts.grant import Extend, GrantProcess, Revoke
from steadydesk.contracts.request import RequestProcess
from steadydesk.contracts.request_commands import (
    ActOnTask,
    TellRequest,
    Tick,
    Write,
)
from steadydesk.errors import UnknownRecord
from steadydesk.policies.grant import revoke_key
from steadydesk.records import processes
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.process import process as process_table


class GrantActivities:
    """Local activities of a grant."""

    def __init__(self, transitions: Transitions[GrantProcess]) -> None:
        self.transitions = transitions

    @activity.defn
    async def open_grant(self, tick: Tick) -> Answer:
        """Take over what a request registered; a number that nobody registered is refused."""
        async with self.transitions.engine.begin() as connection:
            if await processes.earlier_result(connection, tick.number, tick.step) is not None:
                return await self.transitions.repeat(connection, tick.number, tick.step, tick.at)
            row = (
                await connection.execute(
                    select(grant_register).where(grant_register.c.number == tick.number).with_for_update()
                )
            ).one_or_none()
            if row is None:
                raise refused(UnknownRecord(f"no request registered {tick.number}"))
            document = await connection.scalar(
                select(process_table.c.document).where(process_table.c.number == row.request)
            )
            request = RequestProcess.model_validate(document)
            grant = grant_effects.new_grant(tick, row._asdict(), request)
            work = await self.transitions.work(
                connection, grant, step=tick.step, at=tick.at, run=tick.run, actor=Actor()
            )
            await grant_effects.begin(work, request)
            return await self.transitions.finish(work, new=True)

    @activity.defn
    async def take_up_grant(self, tick: Tick) -> Answer:
        """The agenda of a grant whose workflow was started again: from the document, as it stands."""

        async def effect(work: GrantWork) -> None:
            await grant_effects.take_up(work)
            await hear_of_holder(work)

        return await self.transitions.tick(effect, tick)

    @activity.defn
    async def ring_grant(self, tick: Tick) -> Answer:
        """Remind, revoke at its end, escalate the task of a revocation."""

        async def effect(work: GrantWork) -> None:
            await grant_effects.ring(work)
            await grant_task.ring_task(work)

        return await self.transitions.tick(effect, tick)

    @activity.defn
    async def record_revocation_outcome(self, tick: Tick) -> Answer:
        """Gone and verified, or a person's task: a grant never ends without one of them."""

        async def effect(work: GrantWork) -> None:
            assert tick.outcome is not None
            errand = revoke_key(work.process)
            if tick.errand != errand or not work.process.performing:
                work.keep_apart()
                return
            await grant_effects.take_outcome(
                work, await proven(work, errand, tick.outcome, partial(_kept, work))
            )

        return await self.transitions.tick(effect, tick)

    @activity.defn
    async def record_revocation(self, write: Write[Revoke]) -> Answer:
        """Begin to take the grant back because a person asked for it."""
        return await self.transitions.command(grant_effects.revoke_by_person, write)

    @activity.defn
    async def record_extension(self, write: Write[Extend]) -> Answer:
        """Move the end, as an approved request asks."""
        return await self.transitions.command(grant_effects.extend, write)

    @activity.defn
    async def record_grant_message(self, write: Write[TellRequest]) -> Answer:
        """The holder has left: revoke. Each time, also of the doctor's, what it shows to outsiders is taken back."""

        async def effect(work: GrantWork, command: TellRequest) -> None:
            await grant_effects.hear(work, command)
            await take_back_sight(work)

        return await self.transitions.command(effect, write)

    @activity.defn
    async def record_grant_task(self, write: Write[ActOnTask]) -> Answer:
        """Work on the task of a revocation by hand."""
        return await self.transitions.command(grant_task.act, write)


async def _kept(work: GrantWork) -> Kept | None:
    """Another grant of the same access, as the revocation looked for it."""
    document = select(process_table.c.document).where(process_table.c.number == work.process.request)
    request = RequestProcess.model_validate(await work.connection.scalar(document))
    line = request.line(work.process.line)
    return await kept_access(work.connection, request, work.organisation, line, work.process.step)
