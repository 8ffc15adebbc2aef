"""``python -m bench --profile FILE``: where the time of one order goes, by part, by statement and by function."""

import asyncio
import os
import sys
from pathlib import Path

from bench.bare_workflow import Writes
from bench.jobs import Bare, Direct, Http, Job
from bench.parts import use_of
from bench.profiled_worker import PROFILE
from bench.scene import Scene, scene
from bench.throughput import rate

_PARTS = ("postgres", "temporal", "worker", "api", "bare")
_WORKER = (sys.executable, "-m", "bench.profiled_worker")


async def profile(orders: int, lanes: int, out: Path) -> None:
    """CPU of each part per order, then the worker's statements and functions into ``out``."""
    async with scene(worker=_WORKER) as on:
        jobs: dict[str, Job] = {
            "ours": Direct(on),
            "http": Http(on),
            "local": Bare(on, Writes.LOCAL),
            "regular": Bare(on, Writes.REGULAR),
        }
        for job in jobs.values():
            await rate(job, lanes * 2, lanes)
        for name, job in jobs.items():
            await _cpu(on, name, job, orders, lanes)
    os.environ[PROFILE] = "1"
    async with scene(worker=_WORKER) as on:
        await rate(Direct(on), orders, lanes)
        await on.settle()
        log = on.stack.parts["worker"].server.log_file
        await on.stack.parts["worker"].stop()
        await asyncio.to_thread(out.write_text, await asyncio.to_thread(log.read_text))
    print(f"the worker's statements and functions of {orders} orders: {out}")


async def _cpu(on: Scene, name: str, job: Job, orders: int, lanes: int) -> None:
    await on.settle()
    begin, mine = use_of(on.stack, _PARTS), sum(os.times()[:2])
    speed = await rate(job, orders, lanes)
    client = sum(os.times()[:2]) - mine
    await on.settle()
    end = use_of(on.stack, _PARTS)
    shares = {part: (end[part].cpu - begin[part].cpu) / orders * 1000 for part in _PARTS}
    shares["client"] = client / orders * 1000
    words = "  ".join(f"{part} {share:5.1f}" for part, share in shares.items())
    print(f"{name:8} {speed:6.1f}/s  CPU ms per order: {sum(shares.values()):6.1f} = {words}", flush=True)
