"""What one order with one approval leaves in Temporal's history: events, local and regular activities."""

from collections import Counter

from temporalio.api.enums.v1 import EventType

from bench.bare_workflow import Writes
from bench.jobs import Bare, Direct, Job
from bench.measure import Measure, limit, told
from bench.scene import Scene

_MOST = 20


async def measure(on: Scene) -> list[Measure]:
    ours, theirs = await _events(on, Direct(on)), await _events(on, Bare(on, Writes.LOCAL))
    local, regular = EventType.EVENT_TYPE_MARKER_RECORDED, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    return [
        limit("events of a one-approval request", ours.total(), _MOST, "events", theirs.total()),
        told("local activities of a one-approval request", ours[local], theirs[local]),
        told("regular activities of a one-approval request", ours[regular], theirs[regular]),
    ]


async def _events(on: Scene, job: Job) -> Counter[int]:
    number = await job.open()
    await job.decide(number)
    await job.end(number)
    history = await on.client.get_workflow_handle(number).fetch_history()
    return Counter(event.event_type for event in history.events)
