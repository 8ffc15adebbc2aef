"""Routines: round after round, one after the other, at the pace that the newest worker set."""

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from steadydesk.contracts.routine import Routine, RoutineDone, RoutineDue, routine_workflow_id
from steadydesk.orchestration.routines import start_routines
from tests.support.sandbox import SANDBOX
from workflows.routine import RoutineWorkflow


class Activities:
    """Two activities that write down when they were called; the first fails once when told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, RoutineDue]] = []
        self.fails = 0

    @activity.defn
    async def first(self, due: RoutineDue) -> RoutineDone:
        self.calls.append(("first", due))
        if self.fails:
            self.fails -= 1
            raise RuntimeError("the sink is away")
        return RoutineDone(words="3 records")

    @activity.defn
    async def second(self, due: RoutineDue) -> RoutineDone:
        self.calls.append(("second", due))
        return RoutineDone()

    def rounds(self) -> int:
        return sum(name == "second" for name, _ in self.calls)


@asynccontextmanager
async def running(
    client: Client, activities: Activities, every: float
) -> AsyncIterator[tuple[WorkflowHandle[RoutineWorkflow, None], Routine, str]]:
    queue = f"routine-{uuid.uuid4()}"
    routine = Routine(name=uuid.uuid4().hex, activities=["first", "second"], every_seconds=every)
    async with Worker(
        client,
        task_queue=queue,
        workflows=[RoutineWorkflow],
        activities=[activities.first, activities.second],
        workflow_runner=SANDBOX,
    ):
        await start_routines(client, [routine], queue)
        handle = client.get_workflow_handle_for(RoutineWorkflow.run, routine_workflow_id(routine.name))
        try:
            yield handle, routine, queue
        finally:
            await handle.terminate()


async def until_rounds(activities: Activities, count: int) -> None:
    async with asyncio.timeout(20):
        while activities.rounds() < count:
            await asyncio.sleep(0.02)


async def test_its_activities_run_in_order_and_get_the_same_instant(
    temporal_env: WorkflowEnvironment,
) -> None:
    activities = Activities()
    with temporal_env.with_time_skipping_disabled():
        async with running(temporal_env.client, activities, every=3_600):
            await until_rounds(activities, 1)
    (one, due), (two, again) = activities.calls
    assert (one, two) == ("first", "second")
    assert due == again


async def test_it_comes_again_after_its_rest(temporal_env: WorkflowEnvironment) -> None:
    activities = Activities()
    with temporal_env.with_time_skipping_disabled():
        async with running(temporal_env.client, activities, every=0.2):
            await until_rounds(activities, 3)
    instants = [due.at for name, due in activities.calls if name == "second"]
    assert all(later - at >= timedelta(seconds=0.2) for at, later in itertools.pairwise(instants))


async def test_a_failing_activity_is_repeated_for_the_same_instant(temporal_env: WorkflowEnvironment) -> None:
    activities = Activities()
    activities.fails = 1
    with temporal_env.with_time_skipping_disabled():
        async with running(temporal_env.client, activities, every=3_600):
            await until_rounds(activities, 1)
    assert [name for name, _ in activities.calls] == ["first", "first", "second"]
    assert len({due.at for _, due in activities.calls}) == 1


async def test_a_newer_worker_sets_the_pace_of_the_running_routine(temporal_env: WorkflowEnvironment) -> None:
    activities = Activities()
    with temporal_env.with_time_skipping_disabled():
        async with running(temporal_env.client, activities, every=3_600) as (handle, routine, queue):
            await until_rounds(activities, 1)
            before = (await handle.describe()).run_id
            faster = routine.model_copy(update={"every_seconds": 0.2})
            await start_routines(temporal_env.client, [faster], queue)
            await until_rounds(activities, 3)
            assert (await handle.describe()).run_id == before


async def test_a_second_start_of_the_same_routine_changes_nothing(temporal_env: WorkflowEnvironment) -> None:
    activities = Activities()
    with temporal_env.with_time_skipping_disabled():
        async with running(temporal_env.client, activities, every=3_600) as (_, routine, queue):
            await until_rounds(activities, 1)
            await start_routines(temporal_env.client, [routine], queue)
            await asyncio.sleep(0.3)
    assert activities.rounds() == 1
