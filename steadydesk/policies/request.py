"""The story of an order, one move at a time: what its document asks for next, as a pure function.

An activity carries out the moves, one after the other, until there is none left; all of them in the transaction of
the write that made them possible. What needs the directory, expressions or new numbers is found there; what is
decided is decided here.
"""

from dataclasses import dataclass
from datetime import datetime

from steadydesk.contracts.approval_policy import OnRejection
from steadydesk.contracts.gate import Gate, GateState
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line, RequestProcess, RequestState, StepState
from steadydesk.policies import plan as plans
from steadydesk.policies.pre_approval import ENDED


@dataclass(frozen=True)
class BeginRound:
    """Find the stages that this round of the line's approval needs."""

    line: Line


@dataclass(frozen=True)
class OpenGate:
    line: Line
    policy: str
    stage: str
    step: str | None = None


@dataclass(frozen=True)
class EndRound:
    """The line was refused: return it to the requester, or take back and close."""

    line: Line
    gate: Gate
    returned: bool


@dataclass(frozen=True)
class BeginFulfilment:
    line: Line


@dataclass(frozen=True)
class StartStep:
    line: Line
    step: str


@dataclass(frozen=True)
class SettleStep:
    """An approval step whose gates have decided."""

    line: Line
    step: str
    approved: bool


@dataclass(frozen=True)
class BeginUndo:
    line: Line
    close_code: str


@dataclass(frozen=True)
class UndoStep:
    line: Line
    step: str


@dataclass(frozen=True)
class ReturnLine:
    """All that was done is taken back; it is the requester's again."""

    line: Line


@dataclass(frozen=True)
class CloseLine:
    line: Line
    phase: Phase


@dataclass(frozen=True)
class CloseOrder:
    state: RequestState


Move = (
    BeginRound
    | OpenGate
    | EndRound
    | BeginFulfilment
    | StartStep
    | SettleStep
    | BeginUndo
    | UndoStep
    | ReturnLine
    | CloseLine
    | CloseOrder
)


def next_move(process: RequestProcess, organisation: Organisation, now: datetime) -> Move | None:
    """The first thing that can be done at ``now`` without waiting for anybody, or None."""
    for line in process.lines:
        if line.is_open and (move := _move_of(process, organisation, line, now)):
            return move
    if process.closed_at is None and not any(line.is_open for line in process.lines):
        return CloseOrder(roll_up(process))
    return None


def roll_up(process: RequestProcess) -> RequestState:
    """All complete: complete; any incomplete or refused: incomplete; all skipped or all cancelled: that."""
    phases = {line.phase for line in process.lines}
    if phases == {Phase.CANCELLED}:
        return RequestState.CANCELLED
    if phases & {Phase.INCOMPLETE, Phase.REJECTED}:
        return RequestState.CLOSED_INCOMPLETE
    if phases <= {Phase.SKIPPED, Phase.CANCELLED}:
        return RequestState.CLOSED_SKIPPED
    return RequestState.CLOSED_COMPLETE


_MOST_TELLING = (
    Phase.RETURNED,
    Phase.UNDOING,
    Phase.APPROVAL,
    Phase.PENDING,
    Phase.FULFILMENT,
    Phase.RECEIVED,
)


def telling_phase(process: RequestProcess) -> Phase | RequestState:
    """Of an open order, the phase of that open line of which a reader has to know most; its state once it is closed."""
    phases = {line.phase for line in process.lines if line.is_open}
    return next((phase for phase in _MOST_TELLING if phase in phases), process.state)


def _move_of(process: RequestProcess, organisation: Organisation, line: Line, now: datetime) -> Move | None:
    access = plans.access_to_undo(organisation.catalog[line.item].plan, line)
    if access is not None:
        return UndoStep(line, access)
    match line.phase:
        case Phase.RECEIVED:
            return BeginRound(line)
        case Phase.APPROVAL:
            return _approval(process, organisation, line)
        case Phase.FULFILMENT | Phase.PENDING:
            return _fulfilment(process, organisation, line, now)
        case Phase.UNDOING:
            return _undoing(organisation, line)
        case _:
            return None


def _approval(process: RequestProcess, organisation: Organisation, line: Line) -> Move | None:
    key = organisation.catalog[line.item].approval
    if key is None or not line.stages:
        return BeginFulfilment(line)
    policy = organisation.approval_policies[key]
    gates = {gate.stage: gate for gate in process.gates_of(line) if gate.state is not GateState.VOIDED}
    for gate in gates.values():
        if gate.state in (GateState.REJECTED, GateState.EXPIRED, GateState.CANCELLED):
            return EndRound(
                line, gate, policy.on_rejection is OnRejection.RETURN and gate.state is GateState.REJECTED
            )
    stage = _next_stage(line.stages, gates, parallel=policy.mode == "parallel")
    if stage is not None:
        return OpenGate(line, key, stage)
    return None if any(gate.is_open for gate in gates.values()) else BeginFulfilment(line)


def _next_stage(stages: list[str], gates: dict[str, Gate], *, parallel: bool) -> str | None:
    for stage in stages:
        if stage not in gates:
            return stage
        if gates[stage].is_open and not parallel:
            return None
    return None


def _fulfilment(
    process: RequestProcess, organisation: Organisation, line: Line, now: datetime
) -> Move | None:
    if line.extends is not None:  # What was granted lives on; nothing is carried out again.
        closed = Phase.COMPLETE if line.extension_problem is None else Phase.INCOMPLETE
        return CloseLine(line, closed) if line.extension_told else None
    plan = organisation.catalog[line.item].plan
    ends: dict[plans.PlanVerdict, Move] = {
        plans.PlanVerdict.DONE: CloseLine(line, Phase.COMPLETE),
        plans.PlanVerdict.SKIPPED: CloseLine(line, Phase.SKIPPED),
        plans.PlanVerdict.FAILED: BeginUndo(line, "step_failed"),
    }
    if end := ends.get(plans.verdict(plan, line)):
        return end
    if settled := _settled_gate_step(process, organisation, line):
        return settled
    if starts_at(organisation, line, now) > now:
        return None
    ready = plans.ready_steps(plan, line)
    return StartStep(line, ready[0]) if ready else None


def starts_at(organisation: Organisation, line: Line, now: datetime) -> datetime:
    """When the line's plan may start: at once, or at its effective date."""
    waits = organisation.catalog[line.item].plan.starts == "effective-date" and line.effective_at is not None
    return line.effective_at if waits and line.effective_at is not None else now


def _settled_gate_step(process: RequestProcess, organisation: Organisation, line: Line) -> Move | None:
    for key, run in line.steps.items():
        policy_key = organisation.catalog[line.item].plan.steps[key].policy
        if run.state is not StepState.OPEN or policy_key is None:
            continue
        gates = {gate.stage: gate for gate in map(process.gates.__getitem__, run.gates)}
        if any(
            gate.state in (GateState.REJECTED, GateState.EXPIRED, GateState.CANCELLED)
            for gate in gates.values()
        ):
            return SettleStep(line, key, approved=False)
        policy = organisation.approval_policies[policy_key]
        stage = _next_stage(list(policy.stages), gates, parallel=policy.mode == "parallel")
        if stage is not None:
            return OpenGate(line, policy_key, stage, key)
        if not any(gate.is_open for gate in gates.values()):
            return SettleStep(line, key, approved=True)
    return None


def _undoing(organisation: Organisation, line: Line) -> Move | None:
    """One undo at a time, in reverse order; none before every running step has answered."""
    if plans.is_taking_back(line) or any(run.state is StepState.RUNNING for run in line.steps.values()):
        return None
    step = next(plans.to_undo(organisation.catalog[line.item].plan, line), None)
    if step is not None:
        return UndoStep(line, step)
    if line.returning:
        return ReturnLine(line)
    closed = {"cancelled": Phase.CANCELLED, "rejected": Phase.REJECTED, ENDED: Phase.REJECTED}
    return CloseLine(line, closed.get(line.close_code or "", Phase.INCOMPLETE))
