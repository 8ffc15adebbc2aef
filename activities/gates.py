"""Open, decide and end approval gates: the directory as of now, the decision by policy, the rows by the transition."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from activities.approvers import find_eligible
from activities.values import answers_of, holds, values_of
from activities.work import RequestWork
from steadydesk.contracts.gate import Asked, Eligible, Gate, GateState
from steadydesk.contracts.numbers import gate_id
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line
from steadydesk.contracts.sla import TargetKind
from steadydesk.policies import sla_steps as sla
from steadydesk.policies.approval import content_hash, decided_before, differences, material_digests, tally
from steadydesk.policies.pre_approval import ENDED, has_ended, is_renewed
from steadydesk.policies.request import BeginRound, OpenGate
from steadydesk.policies.rights import Relation
from steadydesk.policies.sla_measure import due_at
from steadydesk.records.organisation import in_force

_LEAST = timedelta(minutes=1)


async def begin_round(work: RequestWork, move: BeginRound) -> None:
    """Find the stages whose conditions hold; the line waits for them, in the policy's order.

    Where nobody approves the item any more, since its pre-approval has ended, the line is closed as refused.
    """
    line = move.line
    if await _is_approved_by_nobody(work, line):
        line.stages, line.close_code = [], ENDED
        enter(work, line, Phase.UNDOING)
        work.note("undo.begun", line.number, close_code=ENDED)
        return
    key = work.organisation.catalog[line.item].approval
    stages = work.organisation.approval_policies[key].stages if key else {}
    asked = any(stage.when is not None for stage in stages.values())
    values = await values_of(work.connection, work.process, line) if asked else {}
    line.stages = [name for name, stage in stages.items() if holds(stage.when, values)]
    enter(work, line, Phase.APPROVAL)
    work.note("approval.begun", line.number, round=line.round, stages=line.stages, policy=key)


async def _is_approved_by_nobody(work: RequestWork, line: Line) -> bool:
    """By its own version, and neither by the one in force: a process that lives long is not to miss a renewal."""
    item = work.organisation.catalog[line.item]
    today = work.at.astimezone(ZoneInfo(work.calendars[item.calendar].zone)).date()
    if not has_ended(item, today):
        return False
    _, resolved = await in_force(work.connection)
    return not is_renewed(resolved.organisation.catalog.get(line.item), today)


def enter(work: RequestWork, line: Line, phase: Phase) -> None:
    """Put a line into a phase, in the state that its model gives the phase first."""
    model = work.organisation.process_models[work.organisation.catalog[line.item].model]
    line.phase, line.state = phase, model.entry(phase)
    line.held_since = work.at


async def open_gate(work: RequestWork, move: OpenGate) -> None:
    """Fix who may decide, bind the gate to the material content, start its clock, and ask them."""
    policy = work.organisation.approval_policies[move.policy]
    stage = policy.stages[move.stage]
    line = move.line
    if move.step is not None and stage.when is not None:
        values = await values_of(work.connection, work.process, line)
    else:
        values = await answers_of(work, line)
    eligible = await find_eligible(work, policy, stage, line, values)
    content = material_digests(policy.material, flat(line, values), work.process.salt)
    gate = _new_gate(work, move, eligible, content)
    work.process.gates[gate.id] = gate
    if move.step is not None:
        line.steps[move.step].gates.append(gate.id)
    if move.step is not None and not holds(stage.when, values):
        close_gate(work, gate, GateState.APPROVED, "not_required")
        return
    ask_people(work, gate, gate.eligible)


def _new_gate(work: RequestWork, move: OpenGate, eligible: list[Eligible], content: dict[str, str]) -> Gate:
    policy = work.organisation.approval_policies[move.policy]
    stage = policy.stages[move.stage]
    work.process.gate_count += 1
    before = decided_before(work.process, move.line.number, move.stage, move.step, work.process.gate_count)
    return Gate(
        id=gate_id(work.process.number, work.process.gate_count),
        line=move.line.number,
        step=move.step,
        policy=move.policy,
        stage=move.stage,
        round=move.line.round,
        eligible=eligible,
        content_hash=content_hash(content),
        content=content,
        changed=differences(before.content, content) if before else [],
        earlier=[ballot.natural for ballot in before.ballots] if before else [],
        asked=_asked(move.line),
        clock=sla.start(
            TargetKind.APPROVAL,
            max(stage.due, _LEAST),
            policy.calendar,
            work.at,
            thresholds=(*stage.remind_at, 100),
        ),
        opened_at=work.at,
    )


def _asked(line: Line) -> Asked:
    return Asked(
        variables=line.variables,
        quantity=line.quantity,
        amount=line.amount,
        requested_for=line.requested_for,
        effective_at=line.effective_at,
    )


def ask_people(
    work: RequestWork, gate: Gate, people: Sequence[Eligible], event: str = "approval.requested"
) -> None:
    """Tell these eligible people, give them sight of the record, and write the gate's rows."""
    audience = [f"p:{person.person}" for person in people]
    for subject in audience:
        work.show_to(subject, Relation.APPROVER)
    work.gates.add(gate.id)
    capacities = sorted({person.capacity for person in people})
    work.note(
        "gate.opened", gate.id, policy=gate.policy, stage=gate.stage, people=len(audience), by=capacities
    )
    work.tell(
        event,
        audience,
        gate.id,
        policy=gate.policy,
        stage=gate.stage,
        line=gate.line,
        fields=gate.changed,
        due=due_at(gate.clock, work.calendars, work.at),
    )


def close_gate(work: RequestWork, gate: Gate, state: GateState, reason: str) -> None:
    """End a gate; its clock stops with it, and who still has it in the inbox loses it."""
    gate.state, gate.reason, gate.closed_at, gate.question = state, reason, work.at, None
    if gate.clock.stage.is_open:
        gate.clock = sla.stop(gate.clock, work.at)
    work.gates.add(gate.id)
    work.note("gate.closed", gate.id, state=state.value, reason=reason)


def settle(work: RequestWork, gate: Gate) -> None:
    """Count the ballots; end the gate when its outcome is certain."""
    stage = work.organisation.approval_policies[gate.policy].stages[gate.stage]
    outcome = tally(stage.rule, gate)
    if outcome is not GateState.REQUESTED:
        close_gate(work, gate, outcome, "decided")
        work.tell(
            "approval.decided",
            work.process.customers(work.at),
            gate.id,
            outcome=outcome.value,
            line=gate.line,
        )


def flat(line: Line, values: dict[str, Any]) -> dict[str, Any]:
    """The fields that a policy may call material."""
    fields: dict[str, Any] = {
        "item": line.item,
        "quantity": line.quantity,
        # The document leaves a zero out and gives it back as an integer, whose digest is another one.
        "price": float(line.amount),
        "requested_for": line.requested_for,
        "effective_at": line.effective_at.isoformat() if line.effective_at else None,
    }
    return fields | {f"variables.{name}": value for name, value in values["variables"].items()}
