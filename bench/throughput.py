"""Complete orders per second: through the workflow layer, through the API, and by the bare engine."""

import asyncio
import time
from collections.abc import Mapping

from bench.bare_workflow import Writes
from bench.jobs import Bare, Direct, Http, Job
from bench.measure import Measure, at_least, told
from bench.scene import Scene
from bench.sizes import Sizes

_LOCAL = 0.7
_REGULAR = 1.2


async def measure(on: Scene, sizes: Sizes) -> list[Measure]:
    """The row of the process itself; HTTP in front of it is told beside."""
    jobs: dict[str, Job] = {
        "ours": Direct(on),
        "local": Bare(on, Writes.LOCAL),
        "http": Http(on),
        "regular": Bare(on, Writes.REGULAR),
    }
    for job in jobs.values():
        await rate(job, max(sizes.lanes, sizes.orders // 3), sizes.lanes)
    rates = await _rounds(on, jobs, sizes)
    http = told("complete one-line orders per second, through the API", _mean(rates["http"]))
    return [
        at_least(
            "complete one-line orders per second, beside bare with local activities",
            rates["ours"],
            rates["local"],
            _LOCAL,
        ),
        at_least(
            "complete one-line orders per second, beside bare with regular activities",
            rates["ours"],
            rates["regular"],
            _REGULAR,
        ),
        http,
    ]


async def _rounds(on: Scene, jobs: Mapping[str, Job], sizes: Sizes) -> dict[str, list[float]]:
    """Each round does all jobs, each time beginning with another one."""
    rates: dict[str, list[float]] = {name: [] for name in jobs}
    names = list(jobs)
    for _ in range(sizes.rounds):
        for name in names:
            await on.settle()
            rates[name].append(await rate(jobs[name], sizes.orders, sizes.lanes))
        names.append(names.pop(0))
        print("  orders/s", {name: round(values[-1], 1) for name, values in rates.items()}, flush=True)
    return rates


async def rate(job: Job, orders: int, lanes: int) -> float:
    left = iter(range(orders))

    async def lane() -> None:
        for _ in left:
            number = await job.open()
            await job.decide(number)
            await job.end(number)

    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(lanes):
            group.create_task(lane())
    return orders / (time.perf_counter() - begin)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
