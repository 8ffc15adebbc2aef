"""Service clocks: their operations and readings, and each clock as a function of its events.

Operations that take no calendar may run in a workflow; those that take one belong in an activity.
"""

from collections.abc import Iterable

from steadydesk.contracts.sla import (
    ClockCancelled,
    ClockEvent,
    ClockPaused,
    ClockRescheduled,
    ClockRetargeted,
    ClockStarted,
    SlaClock,
    ThresholdFired,
)
from steadydesk.policies.sla_errors import (
    ClockError,
    ClockOrderError,
    ClockStageError,
    MissingCalendarError,
    ThresholdError,
)
from steadydesk.policies.sla_measure import (
    Calendars,
    counted_segments,
    due_at,
    elapsed,
    next_threshold,
    paused_time,
    percent,
    remaining,
    settle,
)
from steadydesk.policies.sla_steps import cancel, fire, pause, reopen, reset, resume, start, stop
from steadydesk.policies.sla_terms import reschedule, retarget

__all__ = [
    "Calendars",
    "ClockError",
    "ClockOrderError",
    "ClockStageError",
    "MissingCalendarError",
    "ThresholdError",
    "apply",
    "cancel",
    "counted_segments",
    "due_at",
    "elapsed",
    "fire",
    "next_threshold",
    "pause",
    "paused_time",
    "percent",
    "recompute",
    "remaining",
    "reopen",
    "reschedule",
    "reset",
    "resume",
    "retarget",
    "settle",
    "start",
    "stop",
]


_PLAIN_STEPS = {"resumed": resume, "stopped": stop, "reopened": reopen, "reset": reset}


def recompute(events: Iterable[ClockEvent], calendars: Calendars) -> SlaClock:
    """The clock that these events make, in this order; only the first is ``started``: ClockOrderError."""
    remaining_events = iter(events)
    first = next(remaining_events, None)
    if not isinstance(first, ClockStarted):
        raise ClockOrderError(
            "a clock begins with the event 'started', not with " + (first.event if first else "none")
        )
    clock = start(first.kind, first.target, first.calendar, first.at, first.thresholds)
    for event in remaining_events:
        clock = apply(clock, event, calendars)
    return clock


def apply(clock: SlaClock, event: ClockEvent, calendars: Calendars) -> SlaClock:
    """The clock after one more event; a live clock and a recomputed one go through here alike."""
    if (step := _PLAIN_STEPS.get(event.event)) is not None:
        return step(clock, event.at)
    match event:
        case ClockPaused():
            return pause(clock, event.at, event.reason)
        case ClockCancelled():
            return cancel(clock, event.at, event.reason)
        case ThresholdFired():
            return fire(clock, event.percent, event.at)
        case ClockRetargeted() | ClockRescheduled():
            return _on_new_terms(clock, event, calendars)
        case _:
            raise ClockOrderError(f"'{event.event}' again at {event.at.isoformat()}; a clock starts once")


def _on_new_terms(
    clock: SlaClock, event: ClockRetargeted | ClockRescheduled, calendars: Calendars
) -> SlaClock:
    if isinstance(event, ClockRescheduled):
        return reschedule(clock, calendars, event.at, event.started_at)
    return retarget(clock, calendars, event.at, target=event.target, calendar=event.calendar)
