"""Carry out the moves that a document asks for, until it waits for somebody or something."""

from collections.abc import Awaitable, Callable
from typing import Any

from activities import closing, gates, steps
from activities.work import RequestWork
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import RequestState, StepRun
from steadydesk.policies import request as moves
from steadydesk.policies.request import Move, next_move

_MOST_MOVES = 5_000
"""Far above what any plan needs; reached only by a move that changes nothing, which is a fault of ours."""


async def advance(work: RequestWork) -> None:
    """Every move is part of the transaction of the write that made it possible."""
    for _ in range(_MOST_MOVES):
        move = next_move(work.process, work.organisation, work.at)
        if move is None:
            _hold_lines(work)
            closing.cancel_unowed_gates(work)
            return
        await _carry_out(work, move)
    raise RuntimeError(f"{work.process.number} does not come to rest")


async def _carry_out(work: RequestWork, move: Move) -> None:
    await _DOINGS[type(move)](work, move)


async def _begin_fulfilment(work: RequestWork, move: moves.BeginFulfilment) -> None:
    line = move.line
    gates.enter(work, line, Phase.FULFILMENT)
    # What an earlier round had begun was taken back; each effect is a new one.
    line.steps = {key: StepRun(attempt=run.attempt + 1) for key, run in line.steps.items()}
    work.note("fulfilment.begun", line.number, steps=len(work.organisation.catalog[line.item].plan.steps))
    if line.stages:
        work.tell("request.approved", work.process.customers(work.at, line.requested_for), line.number)
    if work.process.state is RequestState.OPEN:
        work.process.state = RequestState.IN_PROCESS


def _hold_lines(work: RequestWork) -> None:
    """A line is pending while one of its tasks waits for the requester, and goes on with the answer."""
    for line in work.process.lines:
        tasks = [run.task for run in line.steps.values() if run.task is not None and run.task.is_open]
        asked = any(task.question is not None for task in tasks)
        if asked and line.phase is Phase.FULFILMENT:
            gates.enter(work, line, Phase.PENDING)
        elif not asked and line.phase is Phase.PENDING:
            gates.enter(work, line, Phase.FULFILMENT)


_DOINGS: dict[type[Any], Callable[[RequestWork, Any], Awaitable[None]]] = {
    moves.BeginRound: gates.begin_round,
    moves.OpenGate: gates.open_gate,
    moves.EndRound: closing.end_round,
    moves.BeginFulfilment: _begin_fulfilment,
    moves.StartStep: steps.start,
    moves.SettleStep: steps.settle,
    moves.BeginUndo: closing.begin_undo,
    moves.UndoStep: steps.undo,
    moves.ReturnLine: closing.give_back,
    moves.CloseLine: closing.close_line,
    moves.CloseOrder: closing.close_order,
}
"""How each move is carried out; a test holds that none is missing."""
