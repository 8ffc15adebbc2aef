"""Lists, inbox and count in a small and in a large database."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from bench.fill import OWN
from bench.measure import Measure, at_most, percentile
from bench.scene import APPROVER, PROCESS_OWNER, REQUESTER, Scene
from bench.sizes import Sizes
from steadydesk.contracts.numbers import RecordKind
from steadydesk.records.views.record_filter import RecordFilter
from steadydesk.records.views.records import count_records
from steadydesk.records.views.visibility import Viewer

_MOST = 1.5
_PAGE = 50
_READS = {
    "list of a requester": (REQUESTER, f"requests?limit={_PAGE}"),
    "list of an approver": (APPROVER, f"requests?limit={_PAGE}"),
    "list of a process owner": (PROCESS_OWNER, f"requests?limit={_PAGE}"),
    "open requests of a process owner": (PROCESS_OWNER, f"requests?open=true&limit={_PAGE}"),
    "inbox of an approver": (APPROVER, f"approvals?state=requested&limit={_PAGE}"),
    "all approvals of an approver": (APPROVER, f"approvals?limit={_PAGE}"),
}


async def measure(small: Scene, large: Scene, sizes: Sizes) -> list[Measure]:
    """p95 in milliseconds, large beside small; every page is full in both."""
    reads = {name: (_get(small, *read), _get(large, *read)) for name, read in _READS.items()}
    reads["capped count of a process owner"] = (_count(small), _count(large))
    return [await compared(name, pair, sizes) for name, pair in reads.items()]


Read = Callable[[], Awaitable[None]]


async def compared(name: str, pair: tuple[Read, Read], sizes: Sizes) -> Measure:
    """The second of the pair, which reads in the large database, beside the first."""
    times: tuple[list[float], list[float]] = ([], [])
    for read in pair:
        await p95(read, max(3, sizes.reads // 5))
    for _ in range(sizes.rounds):
        for read, into in zip(pair, times, strict=True):
            into.append(await p95(read, sizes.reads))
    few, many = sizes.records
    label = f"{name}, p95 ms at {many:,} records, beside {few:,}"
    measured = at_most(label, times[1], times[0], _MOST)
    print(" ", measured, flush=True)
    return measured


async def p95(read: Read, times: int) -> float:
    """In milliseconds, of so many reads one after the other."""
    taken: list[float] = []
    for _ in range(times):
        begin = time.perf_counter()
        await read()
        taken.append((time.perf_counter() - begin) * 1000)
    return percentile(taken, 95)


def _get(on: Scene, user_name: str, path: str) -> Read:
    async def read() -> None:
        answer = await on.http.get(path, headers=on.bearer(user_name))
        items = answer.raise_for_status().json()["items"]
        if len(items) != min(_PAGE, OWN):
            raise RuntimeError(f"{path} of {user_name} shows {len(items)} entries, not a full page")

    return read


def _count(on: Scene) -> Read:
    async def read() -> None:
        now = datetime.now(UTC)
        async with on.engine.connect() as connection:
            who = await on.standing(connection, PROCESS_OWNER, now)
            wanted = RecordFilter(kind=RecordKind.REQUEST.value)
            await count_records(connection, Viewer.of(who, now), wanted)

    return read
