"""A request, from the order to its end: approvals, fulfilment, undo, survey. The number is the workflow's id."""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from workflows.parts.approval_gate import ApprovalGate
from workflows.parts.record_process import RecordProcess
from workflows.parts.task_plan import TaskPlan

with workflow.unsafe.imports_passed_through():
    from activities.clock import ClockActivities
    from activities.plan import PlanActivities
    from activities.request import RequestActivities
    from activities.task import TaskActivities
    from steadydesk.contracts.agenda import Errand
    from steadydesk.contracts.request_commands import (
        ActOnTask,
        AnswerSurvey,
        Cancel,
        Comment,
        ErrandOutcome,
        GiveBack,
        Move,
        Open,
        Recall,
        Reschedule,
        Resubmit,
        StartRequest,
        TellRequest,
        Watch,
        Write,
    )

_UNOPENED_FOR = timedelta(minutes=10)
"""How long a process waits for its opening command; one that nobody opens was started by nobody we know."""


@workflow.defn
class RequestWorkflow(ApprovalGate):
    """Carries the agenda of one order until it has nothing left to do."""

    @workflow.init
    def __init__(self, start: StartRequest) -> None:
        self.start = start
        self.signalled = []
        self.record = RecordProcess(start.number, start.agenda, start.handled)
        self.plan = TaskPlan(start.number, self._report)

    @workflow.run
    async def run(self, start: StartRequest) -> str:
        """Returns the state in which the order ended."""
        return await self.record.undeterred(lambda: self._live(start))

    async def _live(self, start: StartRequest) -> str:
        await self._opened()
        while (agenda := self.record.agenda) is not None and not (agenda.closed or self._must_roll_over()):
            self.plan.dispatch(agenda)
            await self.record.until_moved(agenda, ClockActivities.ring_alarms, self.has_signalled_decisions)
            await self.take_signalled_decisions()
        await self._hear_out()
        assert self.record.agenda is not None
        if not self.record.agenda.closed:
            workflow.continue_as_new(
                StartRequest(number=start.number, agenda=self.record.agenda, handled=self.record.handled)
            )
        return self.record.agenda.facets.state

    async def _hear_out(self) -> None:
        """Nothing that was sent to this run is lost with it: neither a handler nor a decision by signal."""
        await self.take_signalled_decisions()
        while not workflow.all_handlers_finished() or self.has_signalled_decisions():
            await workflow.wait_condition(workflow.all_handlers_finished)
            await self.take_signalled_decisions()

    async def _opened(self) -> None:
        """Opened by its command, taken up from the record after a termination, or carried on. What nobody opens
        fails, so that the number can be started again.
        """
        if self.start.take_up and self.record.agenda is None:
            await self.record.tick(RequestActivities.take_up_request, f"take-up:{workflow.info().run_id}")
        try:
            await workflow.wait_condition(
                lambda: self.record.agenda is not None,
                timeout=_UNOPENED_FOR,
                timeout_summary="end unless opened",
            )
        except TimeoutError:
            raise ApplicationError(
                f"{self.start.number} was never opened", type="NeverOpened", non_retryable=True
            ) from None

    def _must_roll_over(self) -> bool:
        return self.record.rollover_due() and not self.plan.busy

    async def _report(self, errand: Errand, outcome: ErrandOutcome) -> None:
        await self.record.tick(
            PlanActivities.record_outcome, f"outcome:{errand.key}", errand=errand.key, outcome=outcome
        )

    @workflow.update(name="open", description="Open the reserved order.")
    async def open_order(self, command: Open) -> dict[str, Any]:
        return await self.record.command(RequestActivities.open_request, Write[Open], command)

    @open_order.validator
    def check_open(self, command: Open) -> None:
        self.record.check("open", command)

    @workflow.update(description="Cancel the order or one line: stop, undo, close.")
    async def cancel(self, command: Cancel) -> dict[str, Any]:
        return await self.record.command(RequestActivities.record_cancellation, Write[Cancel], command)

    @cancel.validator
    def check_cancel(self, command: Cancel) -> None:
        self.record.check("cancel", command)

    @workflow.update(description="A comment or work note; from the requester it answers open questions.")
    async def comment(self, command: Comment) -> dict[str, Any]:
        return await self.record.command(RequestActivities.record_comment, Write[Comment], command)

    @comment.validator
    def check_comment(self, command: Comment) -> None:
        self.record.check("comment", command)

    @workflow.update(description="Add or remove a watcher.")
    async def watch(self, command: Watch) -> dict[str, Any]:
        return await self.record.command(RequestActivities.record_watcher, Write[Watch], command)

    @watch.validator
    def check_watch(self, command: Watch) -> None:
        self.record.check("watch", command)

    @workflow.update(description="Change a line and resubmit it for approval.")
    async def resubmit(self, command: Resubmit) -> dict[str, Any]:
        return await self.record.command(RequestActivities.record_resubmission, Write[Resubmit], command)

    @resubmit.validator
    def check_resubmit(self, command: Resubmit) -> None:
        self.record.check("resubmit", command)

    @workflow.update(description="Take a line back out of approval, to change and resubmit it.")
    async def recall(self, command: Recall) -> dict[str, Any]:
        return await self.record.command(RequestActivities.record_recall, Write[Recall], command)

    @recall.validator
    def check_recall(self, command: Recall) -> None:
        self.record.check("recall", command)

    @workflow.update(description="Give an approved line back to its requester; what was done is undone.")
    async def give_back(self, command: GiveBack) -> dict[str, Any]:
        return await self.record.command(RequestActivities.record_return, Write[GiveBack], command)

    @give_back.validator
    def check_give_back(self, command: GiveBack) -> None:
        self.record.check("give_back", command)

    @workflow.update(description="Move a line's effective date.")
    async def reschedule(self, command: Reschedule) -> dict[str, Any]:
        return await self.record.command(RequestActivities.record_effective_date, Write[Reschedule], command)

    @reschedule.validator
    def check_reschedule(self, command: Reschedule) -> None:
        self.record.check("reschedule", command)

    @workflow.update(description="Put a line into another state of the same phase.")
    async def move(self, command: Move) -> dict[str, Any]:
        return await self.record.command(RequestActivities.record_state, Write[Move], command)

    @move.validator
    def check_move(self, command: Move) -> None:
        self.record.check("move", command)

    @workflow.update(description="Answer the survey.")
    async def answer_survey(self, command: AnswerSurvey) -> dict[str, Any]:
        return await self.record.command(RequestActivities.record_survey_answer, Write[AnswerSurvey], command)

    @answer_survey.validator
    def check_answer_survey(self, command: AnswerSurvey) -> None:
        self.record.check("answer_survey", command)

    @workflow.update(description="Assign, start, ask, complete, skip or fail a task.")
    async def act_on_task(self, command: ActOnTask) -> dict[str, Any]:
        return await self.record.command(TaskActivities.record_task_action, Write[ActOnTask], command)

    @act_on_task.validator
    def check_act_on_task(self, command: ActOnTask) -> None:
        self.record.check("act_on_task", command)

    @workflow.update(description="A process's own message: a child request ended, a person left.")
    async def tell(self, command: TellRequest) -> dict[str, Any]:
        return await self.record.command(RequestActivities.record_message, Write[TellRequest], command)

    @tell.validator
    def check_tell(self, command: TellRequest) -> None:
        self.record.check("tell", command)
