"""People's decisions at gates: commands of every process that asks for approval."""

from typing import Any

from temporalio import workflow

from workflows.parts.record_process import RecordProcess

with workflow.unsafe.imports_passed_through():
    from activities.approval import ApprovalActivities
    from steadydesk.contracts.request_commands import ChangeApprovers, Decide, Write


class ApprovalGate:
    """Mixed into a workflow that has a ``record``: the handlers of its gates."""

    record: RecordProcess
    signalled: list[Decide]

    @workflow.signal(
        description="The same decision for channels that cannot wait; a refused one is journalled."
    )
    def decide_later(self, decision: Decide) -> None:
        self.signalled.append(decision)

    def has_signalled_decisions(self) -> bool:
        return bool(self.signalled)

    async def take_signalled_decisions(self) -> None:
        """Verified in the record's own write, before anything changes."""
        while self.signalled:
            decision = self.signalled.pop(0)
            message = Write[Decide](
                number=self.record.number,
                # With the signature, lest somebody who guesses the id of a genuine one uses it up.
                step=f"s:{decision.assertion.update_id}:{decision.assertion.mac[:32]}",
                at=workflow.now(),
                run=workflow.info().run_id,
                command=decision,
            )
            await self.record.write(ApprovalActivities.record_signalled_decision, message)

    @workflow.update(description="Approve, reject, ask for information, or withdraw a vote.")
    async def decide(self, decision: Decide) -> dict[str, Any]:
        return await self.record.command(ApprovalActivities.record_decision, Write[Decide], decision)

    @decide.validator
    def check_decide(self, decision: Decide) -> None:
        self.record.check("decide", decision)

    @workflow.update(description="Ask one more person to decide at an open gate.")
    async def add_approver(self, change: ChangeApprovers) -> dict[str, Any]:
        return await self.record.command(ApprovalActivities.record_approver, Write[ChangeApprovers], change)

    @add_approver.validator
    def check_add_approver(self, change: ChangeApprovers) -> None:
        self.record.check("add_approver", change)
