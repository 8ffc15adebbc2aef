"""A grant, until it is surely gone: reminder, extension, revocation at its end, on leaving, or by its owner."""

from typing import Any

from temporalio import workflow

from workflows.parts.record_process import RecordProcess
from workflows.parts.task_plan import TaskPlan

with workflow.unsafe.imports_passed_through():
    from activities.grant import GrantActivities
    from steadydesk.contracts.agenda import Errand
    from steadydesk.contracts.grant import Extend, Revoke, StartGrant
    from steadydesk.contracts.request_commands import ActOnTask, ErrandOutcome, TellRequest, Write


@workflow.defn
class GrantWorkflow:
    """Carries the agenda of one grant."""

    @workflow.init
    def __init__(self, start: StartGrant) -> None:
        self.record = RecordProcess(start.number, start.agenda, start.handled)
        self.plan = TaskPlan(start.number, self._report)

    @workflow.run
    async def run(self, start: StartGrant) -> str:
        """Returns the state in which the grant ended."""
        return await self.record.undeterred(lambda: self._live(start))

    async def _live(self, start: StartGrant) -> str:
        if self.record.agenda is None and start.take_up:
            await self.record.tick(GrantActivities.take_up_grant, f"take-up:{workflow.info().run_id}")
        elif self.record.agenda is None:
            await self.record.tick(GrantActivities.open_grant, "open")
        while (agenda := self.record.agenda) is not None and not (agenda.closed or self._must_roll_over()):
            self.plan.dispatch(agenda)
            await self.record.until_moved(agenda, GrantActivities.ring_grant)
        await workflow.wait_condition(workflow.all_handlers_finished)
        assert self.record.agenda is not None
        if not self.record.agenda.closed:
            workflow.continue_as_new(
                StartGrant(number=start.number, agenda=self.record.agenda, handled=self.record.handled)
            )
        return self.record.agenda.facets.state

    def _must_roll_over(self) -> bool:
        return self.record.rollover_due() and not self.plan.busy

    async def _report(self, errand: Errand, outcome: ErrandOutcome) -> None:
        await self.record.tick(
            GrantActivities.record_revocation_outcome,
            f"outcome:{errand.key}",
            errand=errand.key,
            outcome=outcome,
        )

    @workflow.update(description="Revoke the grant now.")
    async def revoke(self, command: Revoke) -> dict[str, Any]:
        return await self.record.command(GrantActivities.record_revocation, Write[Revoke], command)

    @revoke.validator
    def check_revoke(self, command: Revoke) -> None:
        self.record.check("revoke", command)

    @workflow.update(description="An approved request extends the grant.")
    async def extend(self, command: Extend) -> dict[str, Any]:
        return await self.record.command(GrantActivities.record_extension, Write[Extend], command)

    @extend.validator
    def check_extend(self, command: Extend) -> None:
        self.record.check("extend", command)

    @workflow.update(description="A process's own message: the holder has left.")
    async def tell(self, command: TellRequest) -> dict[str, Any]:
        return await self.record.command(GrantActivities.record_grant_message, Write[TellRequest], command)

    @tell.validator
    def check_tell(self, command: TellRequest) -> None:
        self.record.check("tell", command)

    @workflow.update(description="Work on the revocation's task.")
    async def act_on_task(self, command: ActOnTask) -> dict[str, Any]:
        return await self.record.command(GrantActivities.record_grant_task, Write[ActOnTask], command)

    @act_on_task.validator
    def check_act_on_task(self, command: ActOnTask) -> None:
        self.record.check("act_on_task", command)
