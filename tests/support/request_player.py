"""Plays a request in memory: carries out its moves as plainly as they can be, and lets people and systems act.

What an activity does with directory, texts and numbers is left out; what is decided, and in which order, is not.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from steadydesk.contracts.gate import GateState
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.plan import Plan, Step, StepKind
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import (
    Line,
    RequestProcess,
    StepRun,
    StepState,
    TaskPurpose,
    TaskRun,
    TaskState,
    UndoState,
)
from steadydesk.policies import request as moves
from steadydesk.policies.plan import CHILD_ENDED, after_failure
from steadydesk.policies.request import Move, next_move
from tests.support.requests import NOW, gate, line, organisation, process

MOST_MOVES = 300
MOST_RETRIES = 2

Event = tuple[str, Callable[[], None]]


@dataclass
class Player:
    """One request of some lines; ``skipped`` are the steps whose condition does not hold."""

    organisation: Organisation
    process: RequestProcess
    skipped: frozenset[str] = frozenset()
    now: datetime = NOW
    started: Counter[str] = field(default_factory=Counter[str])
    undone: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    _numbers: int = 0

    def rest(self) -> None:
        """Carry on as far as nobody is waited for."""
        for _ in range(MOST_MOVES):
            move = next_move(self.process, self.organisation, self.now)
            if move is None:
                return
            self._carry_out(move)
        raise AssertionError("it does not come to rest")

    def plan(self, of: Line) -> Plan:
        return self.organisation.catalog[of.item].plan

    def _carry_out(self, move: Move) -> None:
        match move:
            case moves.BeginRound():
                key = self.organisation.catalog[move.line.item].approval
                move.line.stages = list(self.organisation.approval_policies[key].stages) if key else []
                move.line.phase = Phase.APPROVAL
            case moves.OpenGate():
                self._open_gate(move)
            case moves.EndRound():
                self._cancel_gates(move.line)
                move.line.phase = Phase.RETURNED if move.returned else Phase.UNDOING
                move.line.close_code = None if move.returned else "rejected"
            case moves.CloseLine():
                move.line.phase, move.line.closed_at = move.phase, self.now
            case moves.CloseOrder():
                self.process.state, self.process.closed_at = move.state, self.now
            case _:
                self._carry_out_plan(move)

    def _carry_out_plan(self, move: Move) -> None:
        match move:
            case moves.BeginFulfilment():
                move.line.phase = Phase.FULFILMENT
            case moves.StartStep():
                self._start(move.line, move.step)
            case moves.SettleStep():
                self.end(move.line, move.step, StepState.DONE if move.approved else StepState.FAILED)
            case moves.BeginUndo():
                self.begin_undo(move.line, move.close_code)
            case moves.UndoStep():
                self._undo(move.line, move.step)
            case _:
                raise AssertionError(f"nobody carries out {move}")

    def _open_gate(self, move: moves.OpenGate) -> None:
        self.process.gate_count += 1
        opened = gate(
            id=f"REQ0000001-G{self.process.gate_count}",
            line=move.line.number,
            step=move.step,
            policy=move.policy,
            stage=move.stage,
            round=move.line.round,
        )
        self.process.gates[opened.id] = opened
        if move.step is not None:
            move.line.steps[move.step].gates.append(opened.id)

    def _cancel_gates(self, of: Line) -> None:
        for opened in self.process.gates.values():
            if opened.line == of.number and opened.is_open:
                opened.state = GateState.CANCELLED

    def _start(self, of: Line, key: str) -> None:
        step = self.plan(of).steps[key]
        assert all(of.steps[need].state in (StepState.DONE, StepState.SKIPPED) for need in step.needs)
        run = of.steps.setdefault(key, StepRun())
        run.started_at = self.now
        self.started[f"{of.number}/{key}/{run.attempt}"] += 1
        if key in self.skipped:
            self.end(of, key, StepState.SKIPPED)
            return
        errand = step.kind in (StepKind.CONNECTOR, StepKind.REQUEST)
        run.state = StepState.RUNNING if errand else StepState.OPEN
        if step.kind is StepKind.REQUEST:
            run.child = run.child or f"REQ{9_000_000 + self._number()}"
        elif step.kind is StepKind.MANUAL:
            run.task = self._task(TaskPurpose.STEP)
        elif step.kind is StepKind.WAIT:
            run.wake_at = self.now + timedelta(days=1)

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _task(self, purpose: TaskPurpose) -> TaskRun:
        number = f"SCTASK{self._number():07d}"
        return TaskRun(number=number, purpose=purpose, group="desk", opened_at=self.now)

    def end(self, of: Line, key: str, state: StepState) -> None:
        run = of.steps[key]
        assert not run.state.has_ended, f"{key} ends twice"
        self.process.ended_steps += 1
        run.state, run.order, run.wake_at = state, self.process.ended_steps, None
        self._close(run.task)

    def _close(self, task: TaskRun | None) -> None:
        if task is not None and task.is_open:
            task.state = TaskState.CLOSED_COMPLETE

    def fail(self, of: Line, key: str, problem: str) -> None:
        """A failure while the line is taken back is no question any more."""
        run = of.steps[key]
        run.problem = problem
        state = StepState.FAILED if of.phase is Phase.UNDOING else after_failure(self.plan(of), key)
        if state is not StepState.DECIDING:
            self.end(of, key, state)
            return
        self._close(run.task)
        run.state, run.task = state, self._task(TaskPurpose.DECIDE)

    def begin_undo(self, of: Line, close_code: str) -> None:
        of.phase, of.close_code = Phase.UNDOING, close_code
        self._cancel_gates(of)
        for key, run in of.steps.items():
            if run.state in (StepState.OPEN, StepState.DECIDING):
                self.end(of, key, StepState.STOPPED)

    def cancel(self) -> None:
        for of in self.process.lines:
            if of.is_open and of.phase is not Phase.UNDOING:
                self.begin_undo(of, "cancelled")

    def _undo(self, of: Line, key: str) -> None:
        run = of.steps[key]
        assert run.undo is None, f"{key} is undone twice"
        way = self.plan(of).steps[key].undo
        self.undone.append((of.number, run.order))
        if run.child is not None or (way is not None and way.call is not None):
            run.undo = UndoState.RUNNING
        elif way is None or way.nothing is not None:
            run.undo = UndoState.NOT_NEEDED
        else:
            run.undo, run.undo_task = UndoState.OPEN, self._task(TaskPurpose.UNDO)

    def events(self) -> Iterator[Event]:
        """What somebody or something could do now."""
        for opened in self.process.gates.values():
            if opened.is_open:
                yield f"approve {opened.id}", lambda it=opened: setattr(it, "state", GateState.APPROVED)
                yield f"reject {opened.id}", lambda it=opened: setattr(it, "state", GateState.REJECTED)
        for of in self.process.lines:
            if of.phase is Phase.RETURNED:
                yield f"resubmit {of.number}", lambda it=of: self._resubmit(it)
            for key, run in of.steps.items():
                yield from self._of_step(of, key, run, self.plan(of).steps[key])

    def _resubmit(self, of: Line) -> None:
        of.round, of.phase = of.round + 1, Phase.RECEIVED

    def _of_step(self, of: Line, key: str, run: StepRun, step: Step) -> Iterator[Event]:
        if run.state is StepState.RUNNING:
            yield from self._of_errand(of, key, step.kind)
        elif run.state is StepState.OPEN and step.kind is not StepKind.APPROVAL:
            yield f"{key} succeeds", lambda: self.end(of, key, StepState.DONE)
            if step.kind is not StepKind.WAIT:
                problem = "Refused" if step.kind is StepKind.MANUAL else f"{CHILD_ENDED}cancelled"
                yield f"{key} ends with {problem}", lambda: self.fail(of, key, problem)
        elif run.state is StepState.DECIDING:
            yield f"skip {key}", lambda: self.end(of, key, StepState.SKIPPED)
            yield f"abort {key}", lambda: self.end(of, key, StepState.FAILED)
            if run.attempt <= MOST_RETRIES:
                yield f"retry {key}", lambda: self._retry(run)
        yield from self._of_undo(key, run)

    def _of_errand(self, of: Line, key: str, kind: StepKind) -> Iterator[Event]:
        if kind is StepKind.REQUEST:
            yield f"{key} opens", lambda: self._open_child(of, key)
        else:
            yield f"{key} succeeds", lambda: self.end(of, key, StepState.DONE)
        yield f"{key} is refused", lambda: self.fail(of, key, "Refused")
        yield f"{key} is in doubt", lambda: self.fail(of, key, "OutcomeUnknown")

    def _of_undo(self, key: str, run: StepRun) -> Iterator[Event]:
        if run.undo in (UndoState.RUNNING, UndoState.OPEN):
            yield f"undo of {key} ends", lambda: self._undone(run, UndoState.DONE)
        if run.undo is UndoState.RUNNING:
            yield f"undo of {key} fails", lambda: self._undo_failed(run)
        if run.undo is UndoState.OPEN:
            yield f"{key} is left", lambda: self._undone(run, UndoState.LEFT)

    def _open_child(self, of: Line, key: str) -> None:
        of.steps[key].state = StepState.OPEN
        if of.phase is Phase.UNDOING:
            self.end(of, key, StepState.STOPPED)

    def _retry(self, run: StepRun) -> None:
        self._close(run.task)
        run.attempt, run.task, run.problem, run.child = run.attempt + 1, None, None, None
        run.state = StepState.PENDING

    def _undone(self, run: StepRun, state: UndoState) -> None:
        run.undo = state
        self._close(run.undo_task)

    def _undo_failed(self, run: StepRun) -> None:
        run.undo, run.undo_task = UndoState.OPEN, self._task(TaskPurpose.UNDO)


def player(
    steps: dict[str, dict[str, Any]],
    *,
    stages: dict[str, dict[str, Any]] | None = None,
    policy: dict[str, Any] | None = None,
    lines: int = 1,
    skipped: frozenset[str] = frozenset(),
    **item: Any,
) -> Player:
    """A request of an item with this plan and, when ``stages`` are given, this approval."""
    policies = {"approval": {"stages": stages or {}, **(policy or {})}} if stages else {}
    capacity = {"stages": {"first": {"label": "S", "approvers": [{"group": "board"}]}}}
    ordered = {"plan": {"steps": steps}, "approval": "approval" if stages else None, **item}
    return Player(
        organisation({"item": ordered}, {**policies, "capacity": capacity}),
        process(*(line(number=f"RITM{each:07d}") for each in range(1, lines + 1))),
        skipped,
    )
