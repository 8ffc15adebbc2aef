"""The collector of processes whose workflow tasks fail: only Temporal knows them, lists read our table."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client

from steadydesk.contracts.routine import Routine, RoutineDone, RoutineDue
from steadydesk.orchestration.inspection import stuck_workflows
from steadydesk.records.stuck import keep_stuck

_PACE = timedelta(minutes=1)

STUCK_ROUTINE = Routine(name="stuck", activities=["collect_stuck"], every_seconds=_PACE.total_seconds())


class StuckActivities:
    def __init__(self, engine: AsyncEngine, client: Client) -> None:
        self._engine = engine
        self._client = client

    @activity.defn
    async def collect_stuck(self, due: RoutineDue) -> RoutineDone:
        """Bring the table to what Temporal says now."""
        found = await stuck_workflows(self._client)
        async with self._engine.begin() as connection:
            await keep_stuck(connection, found, due.at)
        return RoutineDone(words=f"{len(found)} stuck" if found else "nothing is stuck")
