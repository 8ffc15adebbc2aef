"""Open, decide and end approval gates: the directory as of now, the decision by policy, the rows by the transition."""

from datetime import timedelta
from typing import Any

from activities.approvers import find_eligible
from activities.values import holds, values_of
from activities.work import RequestWork
from steadydesk.contracts.gate import Gate, GateState
from steadydesk.contracts.numbers import gate_id
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line
from steadydesk.contracts.sla import TargetKind
from steadydesk.policies import sla_steps as sla
from steadydesk.policies.approval import content_hash, material_digests, tally
from steadydesk.policies.request import BeginRound, OpenGate
from steadydesk.policies.rights import Relation

_LEAST = timedelta(minutes=1)


async def begin_round(work: RequestWork, move: BeginRound) -> None:
    """Find the stages whose conditions hold; the line waits for them, in the policy's order."""
    line = move.line
    key = work.organisation.catalog[line.item].approval
    values = await values_of(work.connection, work.process, line) if key else {}
    policy = work.organisation.approval_policies[key] if key else None
    line.stages = (
        [name for name, stage in policy.stages.items() if holds(stage.when, values)] if policy else []
    )
    enter(work, line, Phase.APPROVAL)
    work.note("approval.begun", line.number, round=line.round, stages=line.stages, policy=key)


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
    values = await values_of(work.connection, work.process, line)
    eligible = await find_eligible(work, policy, stage, line, values)
    work.process.gate_count += 1
    content = material_digests(policy.material, flat(line, values), work.process.salt)
    thresholds = (*stage.remind_at, 100)
    gate = Gate(
        id=gate_id(work.process.number, work.process.gate_count),
        line=line.number,
        step=move.step,
        policy=move.policy,
        stage=move.stage,
        round=line.round,
        eligible=eligible,
        content_hash=content_hash(content),
        content=content,
        clock=sla.start(
            TargetKind.APPROVAL, max(stage.due, _LEAST), policy.calendar, work.at, thresholds=thresholds
        ),
        opened_at=work.at,
    )
    work.process.gates[gate.id] = gate
    if move.step is not None:
        line.steps[move.step].gates.append(gate.id)
    if move.step is not None and not holds(stage.when, values):
        close_gate(work, gate, GateState.APPROVED, "not_required")
        return
    ask_people(work, gate)


def ask_people(work: RequestWork, gate: Gate, event: str = "approval.requested") -> None:
    """Tell the eligible people, give them sight of the record, and write the gate's rows."""
    audience = [f"p:{person.person}" for person in gate.eligible]
    for subject in audience:
        work.show_to(subject, Relation.APPROVER)
    work.gates.add(gate.id)
    capacities = sorted({person.capacity for person in gate.eligible})
    work.note(
        "gate.opened", gate.id, policy=gate.policy, stage=gate.stage, people=len(audience), by=capacities
    )
    work.tell(event, audience, gate.id, policy=gate.policy, stage=gate.stage, line=gate.line)


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
        "price": line.amount,
        "requested_for": line.requested_for,
        "effective_at": line.effective_at.isoformat() if line.effective_at else None,
    }
    return fields | {f"variables.{name}": value for name, value in values["variables"].items()}
