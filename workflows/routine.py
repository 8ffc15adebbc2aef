"""A routine of the installation, such as signing audit heads or sweeping: one workflow each, without an end."""

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from steadydesk.contracts.routine import ROUTINE_WORKFLOW, SET_ROUTINE, Routine, RoutineDone, RoutineDue

_UNTIL_IT_WORKS = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))


@workflow.defn(name=ROUTINE_WORKFLOW)
class RoutineWorkflow:
    """Runs its activities, rests, and never ends; a failing activity stays visible as pending until it is mended."""

    @workflow.init
    def __init__(self, routine: Routine) -> None:
        self._routine = routine
        self._changed = False

    @workflow.signal(name=SET_ROUTINE, description="The pace and activities of a newly started worker")
    def set_routine(self, routine: Routine) -> None:
        """Decides nothing about any record, so it needs no assertion of an actor."""
        self._changed = self._changed or routine != self._routine
        self._routine = routine

    @workflow.run
    async def run(self, routine: Routine) -> None:  # noqa: ARG002 - __init__ keeps it
        while True:
            self._changed = False
            due = RoutineDue(name=self._routine.name, at=workflow.now())
            words = [await self._perform(activity, due) for activity in self._routine.activities]
            self._tell(due.at, words)
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(self._routine)
            await self._rest()

    async def _perform(self, activity: str, due: RoutineDue) -> str:
        done = await workflow.execute_activity(
            activity,
            due,
            result_type=RoutineDone,
            start_to_close_timeout=timedelta(seconds=self._routine.limit_seconds),
            retry_policy=_UNTIL_IT_WORKS,
            summary=f"{self._routine.name} of {due.at:%Y-%m-%d %H:%M:%S} UTC",
        )
        return done.words

    async def _rest(self) -> None:
        try:
            await workflow.wait_condition(
                lambda: self._changed,
                timeout=timedelta(seconds=self._routine.every_seconds),
                timeout_summary="until the next round",
            )
        except TimeoutError:
            return

    def _tell(self, at: datetime, words: list[str]) -> None:
        said = "; ".join(word for word in words if word) or "nothing to do"
        again = at + timedelta(seconds=self._routine.every_seconds)
        workflow.set_current_details(
            f"**{self._routine.name}** of {at:%Y-%m-%d %H:%M} UTC: {said}. Again about {again:%Y-%m-%d %H:%M} UTC."
        )


WORKFLOWS = [RoutineWorkflow]
