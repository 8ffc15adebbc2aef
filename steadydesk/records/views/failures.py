"""Why a step failed, for those who decide about it: the kind of failure, and what the other system said."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, case, func, select

from steadydesk.contracts.request import RequestProcess, TaskPurpose
from steadydesk.contracts.views import FailureView, RecordView
from steadydesk.records.effects import EffectState
from steadydesk.records.tables.effect import effect
from steadydesk.records.tables.task import task
from steadydesk.records.tables.text import text_body
from steadydesk.records.views.visibility import Viewer

Entry = Mapping[str, Any]

AFTER_FAILURE = (TaskPurpose.DECIDE, TaskPurpose.UNDO)
"""The tasks that a failure may have opened."""


def tried() -> ScalarSelect[Any]:
    """The ledger's entry of the effect that a row of ``task`` is about, with what was answered, as JSON: of the step,
    of taking it back, or of a grant's revocation.
    """
    # What is done has its outputs there.
    answered = case((effect.c.state != EffectState.DONE.value, text_body.c.body))
    entry = func.jsonb_build_object(
        "target", effect.c.target, "attempts", effect.c.attempts, "last_at", effect.c.last_at,
        "problem", effect.c.problem, "answer", answered,
    )  # fmt: skip
    return (
        select(entry)
        .outerjoin(text_body, text_body.c.ref == effect.c.outputs)
        .where(effect.c.number == task.c.owner, _is_about_it())
        .where(task.c.purpose.in_([purpose.value for purpose in AFTER_FAILURE]))
        .order_by(effect.c.first_at.desc())
        .limit(1)
        .correlate(task)
        .scalar_subquery()
    )


def problem_of_step(request: RequestProcess, line: str, step: str, attempt: int) -> str | None:
    """Why the attempt failed that a task is about."""
    run = request.line(line).steps.get(step)
    return run.problem if run is not None and run.attempt == attempt else None


def problem_of_grant(entry: Entry | None) -> str | None:
    """Why the revocation failed that ``tried`` found; what was handed to a person has not."""
    if entry is None or "instruction" in (entry["answer"] or {}):
        return None
    return entry["problem"]


def failure_view(
    viewer: Viewer, view: RecordView, problem: str | None, entry: Entry | None
) -> FailureView | None:
    """``entry`` is what ``tried`` found. The answer's words are for those who work on the task alone."""
    if problem is None:
        return None
    if entry is None:
        return FailureView(problem=problem)
    answer: Mapping[str, Any] = entry["answer"] or {}
    return FailureView(
        problem=problem,
        system=entry["target"],
        tries=entry["attempts"],
        last_at=datetime.fromisoformat(entry["last_at"]),
        status=answer.get("status"),
        said=answer.get("said") if _works_on(viewer, view) else None,
    )


def _works_on(viewer: Viewer, view: RecordView) -> bool:
    return not {f"g:{view.assignment_group}", f"f:{view.function}"}.isdisjoint(viewer.own)


def _is_about_it() -> ColumnElement[bool]:
    """By the keys of ``policies.errands`` and ``policies.grant``."""
    step = func.concat_ws(":", task.c.line, task.c.step, task.c.attempt)
    back = func.starts_with(effect.c.key, func.concat(step, ":undo:"))
    revoked = func.starts_with(effect.c.key, func.concat(task.c.owner, ":revoke:"))
    of_request = case((task.c.purpose == TaskPurpose.UNDO.value, back), else_=effect.c.key == step)
    return of_request | revoked
