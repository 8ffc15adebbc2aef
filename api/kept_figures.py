"""Which figures this process keeps, by all that decides them, and how long they are good."""

from collections.abc import Callable
from datetime import datetime, timedelta

from api.kept import Keeping, Kept
from steadydesk.records.engine import Engine
from steadydesk.records.views.dashboard import Dashboard, dashboard
from steadydesk.records.views.dashboard_reads import Extent
from steadydesk.records.views.operations import RunningCount, running_counts
from steadydesk.records.views.visibility import Sight

_NOW_AND_THEN = Keeping(
    fresh=timedelta(seconds=10), usable=timedelta(minutes=1), anew_after=timedelta(seconds=2), most=64
)
"""Of what operators look at while something is wrong."""


def kept_dashboards(engine: Engine, clock: Callable[[], datetime]) -> Kept[Extent, Dashboard]:
    """By sight, functions, and the period with its zone and buckets."""

    async def compute(extent: Extent, now: datetime) -> Dashboard:
        async with engine.connect() as connection:
            return await dashboard(connection, extent, now)

    return Kept(compute, clock)


def kept_running(engine: Engine, clock: Callable[[], datetime]) -> Kept[Sight, list[RunningCount]]:
    """By sight: of restricted processes, those count that one sees."""

    async def compute(sight: Sight, now: datetime) -> list[RunningCount]:
        async with engine.connect() as connection:
            return await running_counts(connection, sight.at(now))

    return Kept(compute, clock, _NOW_AND_THEN)
