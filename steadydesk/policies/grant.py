"""What a grant owes: its reminder, its sure end, the undo that takes it back; from its document alone."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from steadydesk.contracts.agenda import Agenda, Alarm, Errand, ErrandKind, Facets, Waiting, WaitingKind
from steadydesk.contracts.calendar import Calendar
from steadydesk.contracts.grant import GrantProcess, GrantState
from steadydesk.contracts.language import in_language
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.request import TaskRun

_AGAIN = timedelta(minutes=1)

GRANT_ENDED = "Ended"
"""The problem of an extension whose grant has ended meanwhile."""

KEPT_BY = "KeptBy:"
"""How the outcome of an undo begins that did nothing outside, for the grant named gives the same access."""


def kept_by(problem: str | None) -> str | None:
    """The grant by which the access stays, of an undo's outcome."""
    return problem.removeprefix(KEPT_BY) if problem and problem.startswith(KEPT_BY) else None


def revoke_key(grant: GrantProcess) -> str:
    """The ledger's key of the revocation; a retry that a person decided is a new effect."""
    return f"{grant.number}:revoke:{grant.attempt}"


def next_date(grant: GrantProcess) -> tuple[datetime, str] | None:
    """The next thing that it does by itself, and how operators read it."""
    if grant.state is not GrantState.ACTIVE:
        date = _task_date(grant.task) if grant.task is not None and grant.task.is_open else None
        return (date, "due date of the revocation by hand") if date is not None else None
    if grant.remind_at is not None:
        return grant.remind_at, "reminder before the grant ends"
    return (grant.expires_at, "end of the grant") if grant.expires_at is not None else None


def _task_date(task: TaskRun) -> datetime | None:
    return task.ends_at if task.overdue else task.due_at


def explain_grant(grant: GrantProcess) -> list[Waiting]:
    """What the grant waits for."""
    if grant.state is GrantState.ACTIVE:
        return [_end(grant)]
    if grant.task is not None and grant.task.is_open:
        return [_task(grant, grant.task)]
    return [_undo(grant)] if grant.performing else []


def _end(grant: GrantProcess) -> Waiting:
    return Waiting(
        kind=WaitingKind.EXPIRY,
        subject=grant.number,
        what="the end of the grant",
        whom="the calendar" if grant.expires_at else "the holder's leaving, or its owner",
        since=grant.granted_at,
        until=grant.expires_at,
        then="it is revoked, and the revocation verified",
    )


def _task(grant: GrantProcess, task: TaskRun) -> Waiting:
    return Waiting(
        kind=WaitingKind.TASK,
        subject=task.number,
        what=f"the revocation of {grant.number} by hand",
        whom=f"group {task.group}",
        group=task.group,
        people=[task.assigned_to] if task.assigned_to else [],
        since=task.opened_at,
        until=_task_date(task),
        then="the group and who answers for it are told; when it is done, the register says so",
    )


def _undo(grant: GrantProcess) -> Waiting:
    return Waiting(
        kind=WaitingKind.UNDO,
        subject=grant.number,
        what="the revocation at its connector",
        whom="connector",
        since=grant.updated_at,
        then="what cannot be revoked becomes a person's task",
    )


def grant_agenda(
    grant: GrantProcess, organisation: Organisation, calendars: Mapping[str, Calendar], now: datetime
) -> Agenda:
    """The agenda of the grant's workflow."""
    del calendars
    step = organisation.catalog[grant.item].plan.steps[grant.step]
    waiting = explain_grant(grant)
    date = next_date(grant)
    errands = [
        Errand(
            key=revoke_key(grant),
            kind=ErrandKind.UNDO,
            summary=f"revoke {grant.number}",
            timeout_seconds=step.timeout.total_seconds(),
            attempts=step.retry.attempts,
            first_retry_seconds=step.retry.first.total_seconds(),
            longest_retry_seconds=step.retry.longest.total_seconds(),
        )
    ]
    return Agenda(
        version=grant.version,
        closed=grant.closed_at is not None,
        errands=errands if grant.performing else [],
        alarm=Alarm(at=date[0] if date[0] > now else now + _AGAIN, summary=date[1]) if date else None,
        facets=Facets(
            state=grant.state.value,
            assignment_group=organisation.catalog[grant.item].fulfilment_group,
            service=None if grant.restricted_to else organisation.catalog[grant.item].service,
            waiting_for=waiting[0].kind.value if waiting else None,
            due=grant.expires_at,
        ),
        details=_details(grant, waiting),
    )


def _details(grant: GrantProcess, waiting: list[Waiting]) -> str:
    what = "restricted" if grant.restricted_to else in_language(grant.entitlement)
    rows = [
        f"**{grant.number}**: {what}, {grant.state.value}, given by {grant.request}",
        "",
    ]
    for each in waiting:
        until = f" until {each.until:%Y-%m-%d %H:%M} UTC" if each.until else ""
        rows.append(f"- waits for {each.what} ({each.whom}){until}; then {each.then}")
    return "\n".join(rows)
