"""The rows of a grant and its task for lists and searches."""

from typing import Any

from activities.work import Work
from steadydesk.contracts.grant import GrantProcess
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.request import TaskRun
from steadydesk.policies.grant import explain_grant


async def project_grant(work: Work[GrantProcess]) -> None:
    grant = work.process
    rows = [_grant(work)]
    if grant.task is not None:
        rows.append(_task(work, grant.task))
    work.records.extend(rows)


def _grant(work: Work[GrantProcess]) -> dict[str, Any]:
    grant = work.process
    return {
        **_common(work),
        "number": grant.number,
        "kind": RecordKind.GRANT.value,
        "state": grant.state.value,
        "phase": grant.state.value,
        "open": grant.closed_at is None,
        "short_description": _words(grant),
        "assignment_group": work.organisation.catalog[grant.item].fulfilment_group,
        "expected_at": grant.expires_at,
        "close_code": grant.reason if grant.closed_at else None,
        "opened_at": grant.opened_at,
        "closed_at": grant.closed_at,
    }


def _task(work: Work[GrantProcess], task: TaskRun) -> dict[str, Any]:
    return {
        **_common(work),
        "number": task.number,
        "kind": RecordKind.TASK.value,
        "state": task.state.value,
        "phase": task.purpose.value,
        "open": task.is_open,
        "short_description": {language: f"Revoke: {word}" for language, word in _words(work.process).items()},
        "assignment_group": task.group,
        "assigned_to": task.assigned_to,
        "due_at": task.due_at,
        "late": task.overdue,
        "opened_at": task.opened_at,
        "closed_at": task.closed_at,
    }


def _common(work: Work[GrantProcess]) -> dict[str, Any]:
    grant = work.process
    waiting = [each.model_dump(mode="json", exclude_defaults=True) for each in explain_grant(grant)]
    return {
        "owner": grant.number,
        "parent": grant.request,
        "function": grant.function,
        "item": grant.item,
        "opened_by": grant.opened_by,
        "caller": grant.holder,
        "assigned_to": None,
        "service": work.organisation.catalog[grant.item].service,
        "priority": 3,
        "late": False,
        "waiting": waiting,
        "configuration": grant.configuration,
        "restricted": bool(grant.restricted_to),
        "updated_at": work.at,
        "version": grant.version,
        "due_at": None,
        "expected_at": None,
        "close_code": None,
        "progress": None,
        "people_operation": None,
    }


def _words(grant: GrantProcess) -> dict[str, str]:
    words = grant.entitlement
    return {"en": words} if isinstance(words, str) else dict(words)
