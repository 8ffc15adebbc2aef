"""Others while one token floods the API: their p99 beside that of quiet times, in turn, on one stack.

``python -m bench.flood ADDRESS TOKEN`` is the flood: a process of its own, so that it does not slow who measures.
"""

import asyncio
import itertools
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from bench.jobs import Direct
from bench.measure import Measure, at_most, percentile
from bench.scene import Scene
from bench.sizes import Sizes

PER_MINUTE = 600
"""The quota as it is by default."""

_MOST = 2.0
_LANES = 24
"""Connections of the flood; each sends its next request as soon as it has the answer of the last."""

_FLOODERS = ("ralf.requester", "helga.hrlead", "hanna.hr", "frida.facilities", "fiona.finance", "bert.budget")
"""One a round, so that each flood begins with a whole quota."""


async def measure(on: Scene, sizes: Sizes) -> list[Measure]:
    """p99 in milliseconds of the inboxes of everybody else."""
    await Direct(on).open()
    await _p99(on, max(3, sizes.flooded_reads // 5))
    quiet: list[float] = []
    flooded: list[float] = []
    for flooder in _FLOODERS[: sizes.rounds]:
        quiet.append(await _p99(on, sizes.flooded_reads))
        async with _flood(on, flooder):
            flooded.append(await _p99(on, sizes.flooded_reads))
        await asyncio.sleep(0.5)
        print(f"  {quiet[-1]:.1f} ms quiet, {flooded[-1]:.1f} ms flooded by {flooder}", flush=True)
    return [at_most("p99 ms of others in a flood from one token, beside quiet times", flooded, quiet, _MOST)]


async def _p99(on: Scene, times: int) -> float:
    taken: list[float] = []
    others = itertools.cycle(sorted(on.tokens.keys() - set(_FLOODERS)))
    for who in itertools.islice(others, times):
        begin = time.perf_counter()
        answer = await on.http.get("approvals?state=requested", headers=on.bearer(who))
        taken.append((time.perf_counter() - begin) * 1000)
        answer.raise_for_status()
        await asyncio.sleep(0.005)
    return percentile(taken, 99)


@asynccontextmanager
async def _flood(on: Scene, flooder: str) -> AsyncIterator[Process]:
    command = (sys.executable, "-m", "bench.flood", on.stack.addresses.api, on.tokens[flooder])
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


async def _pour(address: str, token: str) -> None:
    parts = urlsplit(address)
    request = (
        f"GET {parts.path}/requests HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()
    print("flooding", flush=True)
    async with asyncio.TaskGroup() as group:
        for _ in range(_LANES):
            group.create_task(_lane(parts.hostname or "", parts.port or 80, request))


async def _lane(host: str, port: int, request: bytes) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    while True:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        await reader.readexactly(int(lengths[0].partition(b":")[2]))


if __name__ == "__main__":
    asyncio.run(_pour(*sys.argv[1:]))
