"""Which effects outside of our records a request owes right now, from its document alone."""

from collections.abc import Iterator

from steadydesk.contracts.agenda import Errand, ErrandKind
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.plan import Step, StepKind
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line, RequestProcess, StepRun, StepState, UndoState


def perform_key(line: Line, step: str) -> str:
    """The ledger's key of a step's effect; a retry that a person decided is a new effect."""
    return f"{line.number}:{step}:{line.steps[step].attempt}"


def undo_key(line: Line, step: str) -> str:
    run = line.steps[step]
    return f"{line.number}:{step}:{run.attempt}:undo:{run.undo_attempt}"


def grant_key(line: Line, step: str) -> str:
    return f"{line.number}:{step}:grant"


def date_key(line: Line, step: str) -> str:
    """One date after the other: what is told to a child is always its latest."""
    run = line.steps[step]
    return f"{line.number}:{step}:{run.attempt}:date:{run.dates_told + 1}"


def parent_key(process: RequestProcess) -> str:
    return f"{process.number}:tell:{process.parent}"


def extension_key(line: Line) -> str:
    return f"{line.number}:extend:{line.extends}"


_EXTENDING = (Phase.FULFILMENT, Phase.PENDING, Phase.COMPLETE)
"""Complete: as orders closed that were approved before they waited for their grant's word."""


def extending_line(process: RequestProcess, errand: str) -> Line | None:
    """The line, approved by then, that tells a grant its new end by this errand, or has told it."""
    extending = (line for line in process.lines if line.extends is not None and line.phase in _EXTENDING)
    return next((line for line in extending if errand == extension_key(line)), None)


def errands_of(process: RequestProcess, organisation: Organisation) -> list[Errand]:
    """Every effect that has no outcome yet; the workflow runs those that it has not under way."""
    found = [
        errand
        for line in process.lines
        for key, run in line.steps.items()
        for errand in _of_step(organisation.catalog[line.item].plan.steps[key], line, key, run)
    ]
    found += [
        Errand(
            key=extension_key(line),
            kind=ErrandKind.EXTEND_GRANT,
            summary=f"extend {line.extends}",
            attempts=0,
        )
        for line in process.lines
        if line.extends is not None and line.phase in _EXTENDING and not line.extension_told
    ]
    if process.closed_at is not None and process.parent is not None and not process.parent_told:
        found.append(
            Errand(
                key=parent_key(process), kind=ErrandKind.TELL, summary=f"tell {process.parent}", attempts=0
            )
        )
    return found


def stopped_of(process: RequestProcess) -> list[str]:
    """Keys of performing errands of lines that are being taken back: stop them if they can be stopped."""
    return [
        perform_key(line, key)
        for line in process.lines
        if line.phase is Phase.UNDOING
        for key, run in line.steps.items()
        if run.state is StepState.RUNNING
    ]


def _of_step(step: Step, line: Line, key: str, run: StepRun) -> Iterator[Errand]:
    if run.state is StepState.RUNNING:
        kind = ErrandKind.OPEN_CHILD if step.kind is StepKind.REQUEST else ErrandKind.PERFORM
        yield _errand(step, perform_key(line, key), kind, f"{line.number} {key}")
    given = run.grant is not None and run.undo is None
    if given and line.phase is Phase.COMPLETE and not run.grant_handed_over:
        yield Errand(
            key=grant_key(line, key), kind=ErrandKind.START_GRANT, summary=f"start {run.grant}", attempts=0
        )
    if run.state is StepState.OPEN and run.dates > run.dates_told:
        yield Errand(
            key=date_key(line, key),
            kind=ErrandKind.RESCHEDULE_CHILD,
            summary=f"move the date of {run.child}",
            attempts=0,
        )
    if run.undo is UndoState.RUNNING:
        kind = ErrandKind.CANCEL_CHILD if step.kind is StepKind.REQUEST else ErrandKind.UNDO
        yield _errand(step, undo_key(line, key), kind, f"{line.number} undo {key}")


def _errand(step: Step, key: str, kind: ErrandKind, summary: str) -> Errand:
    """With the time and retries that the plan gives the step."""
    return Errand(
        key=key,
        kind=kind,
        summary=summary,
        timeout_seconds=step.timeout.total_seconds(),
        attempts=step.retry.attempts,
        first_retry_seconds=step.retry.first.total_seconds(),
        longest_retry_seconds=step.retry.longest.total_seconds(),
    )
