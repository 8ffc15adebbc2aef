"""What requests cost that wait: bytes of both databases, memory, and the processor while nothing happens."""

import asyncio
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from bench.jobs import Direct
from bench.measure import Measure, limit, told
from bench.parts import Use, use_of
from bench.scene import Scene
from bench.sizes import Sizes
from steadydesk.stack.temporal import EmbeddedTemporal

PARTS = ("postgres", "temporal", "worker", "api")
_MOST_KB = 45
_MOST_FLAT = 1.1
_MOST_CORE = 10
_LANES = 16


@dataclass(frozen=True)
class Stand:
    """Both databases in bytes, and what the parts use."""

    postgres: int
    temporal: int
    parts: Mapping[str, Use]

    @property
    def bytes(self) -> int:
        return self.postgres + self.temporal


async def measure(on: Scene, sizes: Sizes) -> list[Measure]:
    """Requests that wait for an approval of which nobody hears for days."""
    few, many = sizes.waiting
    # The first requests bring tables, prepared statements and caches to life; they are not counted.
    await _open(on, _LANES)
    empty = await _stand(on)
    await _open(on, few)
    first = await _stand(on)
    await _open(on, many - few)
    last = await _stand(on)
    at_few = (first.bytes - empty.bytes) / few / 1000
    at_many = (last.bytes - empty.bytes) / many / 1000
    later = (last.bytes - first.bytes) / (many - few) / 1000
    postgres = (last.postgres - empty.postgres) / many / 1000
    memory = {name: (last.parts[name].memory - empty.parts[name].memory) / many / 1000 for name in PARTS}
    return [
        limit(f"kB of both databases per waiting request, {many:,} waiting", at_many, _MOST_KB, "kB"),
        limit(
            f"kB per waiting request from {few:,} to {many:,}, to that of the first {few:,}",
            later / at_few,
            _MOST_FLAT,
            "times",
        ),
        told("  of it PostgreSQL, kB", postgres),
        told("  of it Temporal, kB", at_many - postgres),
        *(
            told(f"  memory of {name} per waiting request, kB", kilobytes)
            for name, kilobytes in memory.items()
        ),
        *await _idle(on, sizes, many),
    ]


async def _open(on: Scene, requests: int) -> None:
    job, left = Direct(on), iter(range(requests))

    async def lane() -> None:
        for _ in left:
            await job.open()

    async with asyncio.TaskGroup() as group:
        for _ in range(_LANES):
            group.create_task(lane())
    await on.settle(600)


async def _idle(on: Scene, sizes: Sizes, many: int) -> list[Measure]:
    await asyncio.sleep(sizes.calm_seconds)
    begin = use_of(on.stack, PARTS)
    await asyncio.sleep(sizes.idle_seconds)
    end = use_of(on.stack, PARTS)
    shares = {name: (end[name].cpu - begin[name].cpu) / sizes.idle_seconds * 100 for name in PARTS}
    name = f"% of one core of all parts with {many:,} waiting, mean of {sizes.idle_seconds:g} s"
    return [
        limit(name, sum(shares.values()), _MOST_CORE, "%"),
        *(told(f"  of it {part}, %", share) for part, share in shares.items()),
    ]


async def _stand(on: Scene) -> Stand:
    temporal = on.stack.parts["temporal"].server
    assert isinstance(temporal, EmbeddedTemporal)
    async with on.owner.connect() as connection:
        await connection.execute(text("VACUUM"))
        await connection.execute(text("CHECKPOINT"))
        postgres = await connection.scalar(_RELATIONS)
    sqlite = await asyncio.to_thread(_sqlite_bytes, temporal.db_file)
    return Stand(postgres or 0, sqlite, use_of(on.stack, PARTS))


# Tables with their indexes and long values, and sequences: everything in the schema.
_RELATIONS = text("""
    SELECT CAST(sum(pg_total_relation_size(c.oid)) AS bigint)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relkind IN ('r', 'S')
""")


def _sqlite_bytes(file: Path) -> int:
    """The database after its log has been written back; pages that it keeps free count too."""
    connection = sqlite3.connect(file, timeout=30)
    try:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    finally:
        connection.close()
    return int(pages) * int(size)
