"""Write what lists, inboxes and searches read: the rows of a request, its lines, tasks and changed gates."""

from datetime import datetime
from typing import Any

from activities.work import RequestWork, plain
from steadydesk.contracts.agenda import Waiting
from steadydesk.contracts.gate import Gate, GateState
from steadydesk.contracts.language import LocalisedText
from steadydesk.contracts.link import LinkKind
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line, PlacedTask, TaskPurpose
from steadydesk.policies.plan import progress
from steadydesk.policies.request import telling_phase
from steadydesk.policies.sla_measure import due_at, elapsed
from steadydesk.policies.waiting import CALL_BACK, explain
from steadydesk.policies.waiting_gate import explain_gate
from steadydesk.records.links import link
from steadydesk.records.lost_tasks import end_lost_tasks


async def project(work: RequestWork) -> None:
    waiting = explain(work.process, work.organisation, work.calendars, work.at)
    rows = [_request(work, waiting)]
    rows += [_line(work, line, waiting) for line in work.process.lines if _is_news(work, line.closed_at)]
    rows += [_task(work, placed, waiting) for placed in _tasks(work)]
    work.records.extend(rows)
    _gates(work)
    if work.everything:
        known = [placed.run.number for placed in work.process.tasks()]
        await end_lost_tasks(work.connection, work.process.number, known, work.at)
        if work.process.follows:
            await link(work.connection, work.process.number, LinkKind.FOLLOWS, work.process.follows, work.at)


def _tasks(work: RequestWork) -> list[PlacedTask]:
    """Those that are news, and those that ended here and have no place in the document any more."""
    news = [placed for placed in work.process.tasks() if _is_news(work, placed.run.closed_at)]
    return list({placed.run.number: placed for placed in (*work.closed_tasks, *news)}.values())


def _is_news(work: RequestWork, closed_at: datetime | None) -> bool:
    """The rows of parts that were closed earlier stand as they are, unless all are written anew."""
    return work.everything or closed_at is None or closed_at == work.at


def _request(work: RequestWork, waiting: list[Waiting]) -> dict[str, Any]:
    process = work.process
    first = work.organisation.catalog[process.lines[0].item]
    open_lines = [line for line in process.lines if line.is_open]
    expected = [line.expected_at for line in open_lines if line.expected_at]
    return {
        **_common(work, process.number, RecordKind.REQUEST, waiting),
        "parent": process.parent,
        "state": process.state.value,
        "phase": telling_phase(process).value,
        "open": process.closed_at is None,
        "short_description": _words(first.name),
        "item": process.lines[0].item,
        "quantity": len(process.lines),
        "amount": sum(line.amount for line in process.lines),
        "currency": process.lines[0].currency,
        "caller": process.requested_for,
        "assignment_group": first.fulfilment_group,
        "service": first.service,
        "expected_at": max(expected, default=None),
        "late": any(line.clock.has_breached for line in process.lines),
        "closed_at": process.closed_at,
    }


def _line(work: RequestWork, line: Line, waiting: list[Waiting]) -> dict[str, Any]:
    item = work.organisation.catalog[line.item]
    mine = [each for each in waiting if _is_of(work, line, each)]
    return {
        **_common(work, line.number, RecordKind.REQUEST_LINE, mine),
        "state": line.state,
        "phase": line.phase.value,
        "open": line.is_open,
        "short_description": _words(item.name),
        "item": line.item,
        "quantity": line.quantity,
        "amount": line.amount,
        "currency": line.currency,
        "caller": line.requested_for,
        "assignment_group": item.fulfilment_group,
        "service": item.service,
        "due_at": due_at(line.clock, work.calendars, work.at) if line.clock.stage.is_open else None,
        "expected_at": line.expected_at,
        "effective_at": line.effective_at,
        "progress": None if line.extends else "{}/{}".format(*progress(item.plan, line)),
        "people_operation": item.people_operation,
        "late": line.clock.has_breached,
        "close_code": line.close_code,
        "closed_at": line.closed_at,
        **_measured(work, line),
    }


def _measured(work: RequestWork, line: Line) -> dict[str, float]:
    """What was promised and what it took, in business time, of a line that was delivered."""
    if line.phase is not Phase.COMPLETE:
        return {}
    taken = elapsed(line.clock, work.calendars, work.at)
    return {
        "promised_seconds": line.clock.target.total_seconds(),
        "taken_seconds": taken.total_seconds(),
    }


def _task(work: RequestWork, placed: PlacedTask, waiting: list[Waiting]) -> dict[str, Any]:
    line, step, task = placed
    item = work.organisation.catalog[line.item]
    definition = item.plan.steps.get(step)
    label = definition.label if definition else CALL_BACK
    return {
        **_common(
            work, task.number, RecordKind.TASK, [each for each in waiting if each.subject == task.number]
        ),
        "state": task.state.value,
        "phase": task.purpose.value,
        "open": task.is_open,
        "short_description": _words(label, task.purpose),
        "item": line.item,
        "caller": line.requested_for,
        "assignment_group": task.group,
        "assigned_to": task.assigned_to,
        "service": item.service,
        "due_at": task.question.until if task.question else task.due_at,
        "late": task.overdue,
        "opened_at": task.opened_at,
        "closed_at": task.closed_at,
    }


def _common(work: RequestWork, number: str, kind: RecordKind, waiting: list[Waiting]) -> dict[str, Any]:
    """Every column, so that all rows of one write have the same shape."""
    process = work.process
    nothing: dict[str, datetime | str | int | None] = dict.fromkeys(
        [
            "parent",
            "quantity",
            "amount",
            "currency",
            "assigned_to",
            "due_at",
            "expected_at",
            "effective_at",
            "progress",
            "people_operation",
            "close_code",
            "promised_seconds",
            "taken_seconds",
        ]
    )
    return {
        **nothing,
        "number": number,
        "kind": kind.value,
        "owner": process.number,
        "function": process.function,
        "priority": 3,
        "opened_by": process.opened_by,
        "waiting": [each.model_dump(mode="json", exclude_defaults=True) for each in waiting],
        "configuration": process.configuration,
        "restricted": bool(process.restricted_to),
        "opened_at": process.opened_at,
        "updated_at": work.at,
        "version": process.version,
    }


def _is_of(work: RequestWork, line: Line, waiting: Waiting) -> bool:
    gates = {gate.id for gate in work.process.gates.values() if gate.line == line.number}
    tasks = {placed.run.number for placed in work.process.tasks() if placed.line is line and placed.step}
    children = {run.child for run in line.steps.values() if run.child}
    subject = waiting.subject
    return (
        subject == line.number or subject.startswith(f"{line.number}/") or subject in gates | tasks | children
    )


def _words(text: LocalisedText, purpose: TaskPurpose = TaskPurpose.STEP) -> dict[str, str]:
    words = {"en": text} if isinstance(text, str) else dict(text)
    prefix = {
        TaskPurpose.UNDO: {"en": "Undo: ", "de": "Rücknahme: "},
        TaskPurpose.DECIDE: {"en": "Failed: ", "de": "Fehler: "},
    }
    before = prefix.get(purpose, {})
    return {language: before.get(language, before.get("en", "")) + word for language, word in words.items()}


def _gates(work: RequestWork) -> None:
    changed = work.process.gates if work.everything else work.gates
    for gate in sorted(changed):
        row = _gate(work, work.process.gates[gate])
        work.gate_rows.append(row)
        work.approvers.extend(_approvers(work.process.gates[gate], row["due_at"]))


def _gate(work: RequestWork, gate: Gate) -> dict[str, Any]:
    stage = work.organisation.approval_policies[gate.policy].stages[gate.stage]
    return {
        "id": gate.id,
        "owner": work.process.number,
        "line": gate.line,
        "policy": gate.policy,
        "stage": gate.stage,
        "label": plain(stage.label) if isinstance(stage.label, dict) else {"en": stage.label},
        "state": gate.state.value,
        "content_hash": gate.content_hash,
        "opened_at": gate.opened_at,
        "due_at": _decide_by(work, gate) if gate.is_open else None,
        "closed_at": gate.closed_at,
        "reason": gate.reason,
        "changed": gate.changed,
    }


def _decide_by(work: RequestWork, gate: Gate) -> datetime | None:
    """What it waits for until then: while a question is open its clock rests, and has no end of its own."""
    return explain_gate(work.organisation, work.calendars, gate, work.process.answering(), work.at).until


def _approvers(gate: Gate, due: datetime | None) -> list[dict[str, Any]]:
    votes = {ballot.natural: ballot.decision.value for ballot in gate.ballots}
    missing = (
        "requested" if gate.is_open else "cancelled" if gate.state is GateState.CANCELLED else "not_required"
    )
    return [
        {
            "gate": gate.id,
            "person": person.person,
            "state": votes.get(person.natural, missing),
            "capacity": person.capacity,
            "opened_at": gate.opened_at,
            "due_at": due,
        }
        for person in gate.eligible
    ]
