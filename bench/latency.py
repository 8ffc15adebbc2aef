"""How long one client waits: for an order and for a decision, beside the bare updates."""

import time
from collections.abc import Awaitable
from statistics import median
from typing import TypeVar

from bench.bare_workflow import Writes
from bench.jobs import Bare, Http, Job
from bench.measure import Measure, at_most
from bench.scene import Scene
from bench.sizes import Sizes

T = TypeVar("T")

_MOST = 1.5


async def measure(on: Scene, sizes: Sizes) -> list[Measure]:
    """p50 in milliseconds of blocks of single calls, ours and bare in turn."""
    ours, theirs = Http(on), Bare(on, Writes.LOCAL)
    for job in (ours, theirs):
        await _block(job, max(5, sizes.calls // 4))
    opens: dict[str, list[float]] = {"ours": [], "bare": []}
    decisions: dict[str, list[float]] = {"ours": [], "bare": []}
    jobs: list[tuple[str, Job]] = [("ours", ours), ("bare", theirs)]
    for _ in range(sizes.rounds):
        for name, job in jobs:
            await on.settle()
            opened, decided = await _block(job, sizes.calls)
            opens[name].append(opened)
            decisions[name].append(decided)
        jobs.reverse()
        print("  ms", _last(opens), _last(decisions), flush=True)
    return [
        at_most("POST /requests p50 ms, beside bare update-with-start", opens["ours"], opens["bare"], _MOST),
        at_most(
            "POST /approvals/{id}/decision p50 ms, beside bare update",
            decisions["ours"],
            decisions["bare"],
            _MOST,
        ),
    ]


async def _block(job: Job, calls: int) -> tuple[float, float]:
    opened: list[float] = []
    decided: list[float] = []
    for _ in range(calls):
        number = await _timed(job.open(), opened)
        await _timed(job.decide(number), decided)
        await job.end(number)
    return median(opened), median(decided)


async def _timed(call: Awaitable[T], into: list[float]) -> T:
    begin = time.perf_counter()
    result = await call
    into.append((time.perf_counter() - begin) * 1000)
    return result


def _last(values: dict[str, list[float]]) -> dict[str, float]:
    return {name: round(measured[-1], 1) for name, measured in values.items()}
