"""Which steps of a plan can start, when it has ended, and in which order it is taken back."""

from collections.abc import Iterator
from enum import StrEnum

from steadydesk.contracts.catalog import CatalogItem, PeopleOperation
from steadydesk.contracts.plan import OnFailure, Plan, StepKind
from steadydesk.contracts.request import Line, StepRun, StepState, UndoState

OUTCOME_UNKNOWN = "OutcomeUnknown"
IN_DOUBT = frozenset({OUTCOME_UNKNOWN, "Stopped", "TimedOut", "VerificationFailed"})
"""Failures after which the effect may stand outside all the same."""

CHILD_ENDED = "Child:"
"""How the failure of a child request begins that ended by itself and has taken back its own effects."""

NEVER_OPENED = "NeverOpened"
"""How the cancelling of a child ends whose order was taken back before anything opened it."""

HOLDER_LEFT = "holder_left"
"""The close code of a line that is taken back because the person it is for has left."""


class PlanVerdict(StrEnum):
    GOES_ON = "goes_on"
    DONE = "done"
    SKIPPED = "skipped"
    """Every step of a plan that has steps was skipped."""
    FAILED = "failed"


def ready_steps(plan: Plan, line: Line) -> list[str]:
    """Pending steps whose needs have all been done or skipped, in the plan's order."""
    return [
        key
        for key, step in plan.steps.items()
        if _run(line, key).state is StepState.PENDING
        and all(_run(line, need).state in (StepState.DONE, StepState.SKIPPED) for need in step.needs)
    ]


def verdict(plan: Plan, line: Line) -> PlanVerdict:
    """FAILED as soon as one step failed for good; DONE when every step was done or skipped, SKIPPED when all were, and
    nothing is being taken back.
    """
    states = [_run(line, key).state for key in plan.steps]
    if any(state in (StepState.FAILED, StepState.STOPPED) for state in states):
        return PlanVerdict.FAILED
    if is_taking_back(line):
        return PlanVerdict.GOES_ON
    if states and all(state is StepState.SKIPPED for state in states):
        return PlanVerdict.SKIPPED
    if all(state in (StepState.DONE, StepState.SKIPPED) for state in states):
        return PlanVerdict.DONE
    return PlanVerdict.GOES_ON


def to_undo(plan: Plan, line: Line) -> Iterator[str]:
    """Steps whose effect stands (or may stand) and must be taken back, the last to have ended first.

    A step that ended in doubt is among them: an undo of what never happened is harmless, the reverse is not.
    """
    stands = [key for key in plan.steps if _stands(plan, line, key)]
    return iter(sorted(stands, key=lambda key: -_run(line, key).order))


def is_taking_back(line: Line) -> bool:
    """Whether an undo is under way, or a person has it as a task."""
    return any(run.undo in (UndoState.RUNNING, UndoState.OPEN) for run in line.steps.values())


def access_to_undo(plan: Plan, line: Line) -> str | None:
    """What gives access to somebody who has left: it goes at once, whatever else is under way or being taken back."""
    if not line.holder_left:
        return None
    return next((key for key in to_undo(plan, line) if plan.steps[key].grant is not None), None)


def ends_with_holder(item: CatalogItem) -> bool:
    """Whether the item is for people who are there: it gives them access, and is not how they leave."""
    gives = any(step.grant is not None for step in item.plan.steps.values())
    return gives and item.people_operation is not PeopleOperation.LEAVER


def after_failure(plan: Plan, key: str) -> StepState:
    """What a failed step becomes: FAILED, SKIPPED, or DECIDING by a person."""
    return {
        OnFailure.FAIL: StepState.FAILED,
        OnFailure.SKIP: StepState.SKIPPED,
        OnFailure.ASK: StepState.DECIDING,
    }[plan.steps[key].on_failure]


def progress(plan: Plan, line: Line) -> tuple[int, int]:
    """How many steps are done and not taken back, of how many; those that were skipped are none to be done."""
    runs = [run for run in (_run(line, key) for key in plan.steps) if run.state is not StepState.SKIPPED]
    return sum(run.state is StepState.DONE and run.undo is None for run in runs), len(runs)


def _stands(plan: Plan, line: Line, key: str) -> bool:
    run = _run(line, key)
    return run.undo is None and _may_have_happened(run, plan.steps[key].kind)


def _may_have_happened(run: StepRun, kind: StepKind) -> bool:
    if run.state is StepState.DONE:
        return kind in (StepKind.MANUAL, StepKind.CONNECTOR, StepKind.REQUEST)
    if kind is StepKind.REQUEST:
        # Whatever kept us from hearing so, its number was given out and it may have been opened.
        ended_itself = (run.problem or "").startswith(CHILD_ENDED)
        return run.state.has_ended and run.child is not None and not ended_itself
    return kind is StepKind.CONNECTOR and run.state.has_ended and run.problem in IN_DOUBT


def _run(line: Line, key: str) -> StepRun:
    return line.steps.get(key) or StepRun()
