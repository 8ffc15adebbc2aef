"""How errands ended, as record writes: outcomes of steps and undos, child requests, grants handed over."""

from functools import partial

from sqlalchemy import select
from temporalio import activity

from activities import steps
from activities.child_end import child_opened
from activities.effect import instruction_of
from activities.grant_register import end_registered
from activities.proven import proven
from activities.same_access import kept_access
from activities.transition import Transitions
from activities.work import RequestWork
from steadydesk.contracts.agenda import Answer
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line, RequestProcess, RequestState, StepState, UndoState
from steadydesk.contracts.request_commands import ErrandOutcome, OutcomeKind, Tick
from steadydesk.policies.errands import date_key, extension_key, grant_key, parent_key, perform_key, undo_key
from steadydesk.policies.grant import kept_by
from steadydesk.policies.plan import IN_DOUBT, NEVER_OPENED, OUTCOME_UNKNOWN
from steadydesk.records import effects
from steadydesk.records.effects import EffectState
from steadydesk.records.tables.process import record


class PlanActivities:
    """Local activities of a plan's automated side."""

    def __init__(self, transitions: Transitions[RequestProcess]) -> None:
        self.transitions = transitions

    @activity.defn
    async def record_outcome(self, tick: Tick) -> Answer:
        """Write how the errand ``tick.errand`` ended; an outcome that the record does not wait for changes nothing."""

        async def effect(work: RequestWork) -> None:
            assert tick.errand is not None
            assert tick.outcome is not None
            await take_outcome(work, tick.errand, tick.outcome)

        return await self.transitions.tick(effect, tick)


async def take_outcome(work: RequestWork, errand: str, outcome: ErrandOutcome) -> None:
    if outcome.outputs is not None:
        work.texts.append(outcome.outputs.ref)
    taken = errand == parent_key(work.process)
    if taken:
        work.process.parent_told = True
    for line in work.process.lines:
        if line.extends is not None and errand == extension_key(line) and not line.extension_told:
            _take_extension(work, line, outcome)
            taken = True
        for key in line.steps:
            taken |= await _take_step_outcome(work, line, key, errand, outcome)
    if not taken:
        work.keep_apart()


def _take_extension(work: RequestWork, line: Line, outcome: ErrandOutcome) -> None:
    """What was approved too late, or has no date, is not done: the line closes so."""
    line.extension_told = True
    if outcome.kind is OutcomeKind.DONE and outcome.problem is None:
        work.note("grant.extension-told", line.extends)
        return
    line.extension_problem = outcome.problem or outcome.kind.value
    work.note("grant.not-extended", line.extends, problem=line.extension_problem)


async def _take_step_outcome(
    work: RequestWork, line: Line, key: str, errand: str, outcome: ErrandOutcome
) -> bool:
    """Whether the step waited for it."""
    run = line.steps[key]
    if run.state is StepState.RUNNING and errand == perform_key(line, key):
        seen = outcome if run.child is not None else await proven(work, errand, outcome)
        await _performed(work, line, key, seen)
    elif run.undo is UndoState.RUNNING and errand == undo_key(line, key):
        kept = partial(kept_access, work.connection, work.process, work.organisation, line, key)
        seen = outcome if run.child is not None else await proven(work, errand, outcome, kept)
        await _undone(work, line, key, seen)
    elif run.grant is not None and errand == grant_key(line, key):
        run.grant_handed_over = True
        work.note("grant.handed-over", run.grant)
    elif run.dates > run.dates_told and errand == date_key(line, key):
        run.dates_told += 1
        event = "child.rescheduled" if outcome.kind is OutcomeKind.DONE else "child.kept-date"
        work.note(event, f"{line.number}/{key}", child=run.child, problem=outcome.problem)
    else:
        return False
    return True


async def _performed(work: RequestWork, line: Line, key: str, outcome: ErrandOutcome) -> None:
    run = line.steps[key]
    if outcome.kind is OutcomeKind.DONE and run.child is not None:
        await child_opened(work, line, key)
        if line.phase is Phase.UNDOING and run.state is StepState.OPEN:
            steps.end(work, line, key, StepState.STOPPED)
    elif outcome.kind is OutcomeKind.DONE:
        run.outputs = outcome.outputs
        await steps.succeed(work, line, key)
    elif outcome.kind is OutcomeKind.STOPPED or (run.child is not None and line.phase is Phase.UNDOING):
        run.problem = outcome.problem or "Stopped"
        steps.end(work, line, key, StepState.STOPPED)
    elif outcome.kind is OutcomeKind.NEEDS_PERSON and run.child is None:
        await steps.hand_over(work, line, key, await instruction_of(work.connection, outcome))
    else:
        await steps.fail(work, line, key, await _problem(work, perform_key(line, key), outcome))


async def _problem(work: RequestWork, errand: str, outcome: ErrandOutcome) -> str:
    """Why it failed. A cancelled errand ends with whatever its latest attempt met; whether something may stand
    outside, the ledger knows.
    """
    problem = outcome.problem or outcome.kind.value
    entry = await effects.find(work.connection, errand)
    may_stand = entry is not None and (entry.in_doubt or entry.state is EffectState.DONE)
    return OUTCOME_UNKNOWN if may_stand and problem not in IN_DOUBT else problem


async def _undone(work: RequestWork, line: Line, key: str, outcome: ErrandOutcome) -> None:
    run = line.steps[key]
    if outcome.kind is OutcomeKind.NEEDS_PERSON:
        await steps.undo_by_hand(work, line, key, await instruction_of(work.connection, outcome))
        return
    if outcome.kind is not OutcomeKind.DONE:
        await steps.undo_failed(work, line, key, outcome.problem or outcome.kind.value)
        return
    if run.child is not None and outcome.problem is None:
        return  # It was told to cancel, and says itself when it has taken everything back.
    if run.child is not None and await _stands(work, run.child):
        await steps.undo_failed(work, line, key, "ChildComplete")
        return
    run.undo = UndoState.DONE
    if run.grant is not None:
        await end_registered(work, run.grant)
    if outcome.problem == NEVER_OPENED:
        work.note("child.withdrawn", f"{line.number}/{key}", child=run.child)
    kept = {"kept_by": other} if (other := kept_by(outcome.problem)) else {}
    work.note("undo.ended", f"{line.number}/{key}", **kept)


async def _stands(work: RequestWork, child: str) -> bool:
    """Whether a child request that has ended left something behind: nobody cancels what is complete."""
    state = await work.connection.scalar(select(record.c.state).where(record.c.number == child))
    return state == RequestState.CLOSED_COMPLETE
