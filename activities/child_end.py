"""What the end of a child request means for the step that ordered it, and whether a retry keeps the child."""

from activities import steps
from activities.work import RequestWork
from steadydesk.contracts.request import Line, RequestState, StepRun, StepState, UndoState
from steadydesk.policies.plan import CHILD_ENDED
from steadydesk.records.processes import ended_as


async def child_opened(work: RequestWork, line: Line, key: str) -> None:
    """The step waits for its child; one that has ended meanwhile, and may have said so too early, ends it at once."""
    run = line.steps[key]
    run.state = StepState.OPEN
    work.note("child.opened", f"{line.number}/{key}", child=run.child)
    ended = await ended_as(work.connection, run.child) if run.child else None
    if ended is not None:
        await child_ended(work, line, key, ended)


async def child_ended(work: RequestWork, line: Line, key: str, outcome: str) -> None:
    """``outcome`` is the state in which the child ended."""
    run = line.steps[key]
    if run.undo is UndoState.RUNNING:
        run.undo = UndoState.DONE
        work.note("undo.ended", f"{line.number}/{key}", child=run.child)
    elif run.state is StepState.OPEN and outcome == RequestState.CLOSED_COMPLETE:
        await steps.succeed(work, line, key)
    elif run.state is StepState.OPEN and outcome == RequestState.CLOSED_SKIPPED:
        steps.end(work, line, key, StepState.SKIPPED)
    elif run.state is StepState.OPEN:
        await steps.fail(work, line, key, f"{CHILD_ENDED}{outcome}")
    elif outcome != RequestState.CLOSED_COMPLETE and run.undo is None:
        run.problem = f"{CHILD_ENDED}{outcome}"


async def let_go_of_ended_child(work: RequestWork, run: StepRun) -> None:
    """Before a retry: its number stays the step's, so that nobody opens two, unless it ended without being complete.

    One that is complete is what the step wanted; dates that were moved are still to be told to one that is kept.
    """
    ended = await ended_as(work.connection, run.child) if run.child else None
    over = ended is not None and ended != RequestState.CLOSED_COMPLETE
    if over or (run.problem or "").startswith(CHILD_ENDED):
        run.child, run.dates, run.dates_told = None, 0, 0
