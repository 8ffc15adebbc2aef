"""The operations on a service clock that need no calendar, so that a workflow may run them itself."""

from datetime import datetime, timedelta

from steadydesk.contracts.sla import (
    DEFAULT_THRESHOLDS,
    ClockSegment,
    ClockStage,
    FiredThreshold,
    SegmentKind,
    SlaClock,
    TargetKind,
)
from steadydesk.policies.sla_errors import ClockOrderError, ClockStageError, ThresholdError
from steadydesk.policies.sla_measure import with_fired
from steadydesk.policies.sla_segments import changed, closed, in_order, must_be_open, reopened, switched


def start(
    kind: TargetKind,
    target: timedelta,
    calendar: str,
    at: datetime,
    thresholds: tuple[int, ...] = DEFAULT_THRESHOLDS,
) -> SlaClock:
    """A running clock; ``at`` may be past (a retroactive start). Bad values: ValidationError.

    For a start still to come, start now and ``reschedule``: events may then come before it.
    """
    running = ClockSegment(kind=SegmentKind.RUNNING, start=at, calendar=calendar)
    return SlaClock(
        kind=kind,
        target=target,
        calendar=calendar,
        thresholds=thresholds,
        started_at=at,
        terms_since=at,
        changed_at=at,
        segments=(running,),
    )


def pause(clock: SlaClock, at: datetime, reason: str | None = None) -> SlaClock:
    """Nothing changes when paused already. Raises ClockStageError when it has ended, ClockOrderError."""
    at = in_order(clock, at)
    if clock.stage is ClockStage.PAUSED:
        return clock
    must_be_open(clock, "pause")
    return changed(
        clock, at, stage=ClockStage.PAUSED, segments=switched(clock, at, SegmentKind.PAUSED, reason)
    )


def resume(clock: SlaClock, at: datetime) -> SlaClock:
    """Nothing changes when running already. Raises ClockStageError when it has ended, ClockOrderError."""
    at = in_order(clock, at)
    if clock.stage is ClockStage.IN_PROGRESS:
        return clock
    must_be_open(clock, "resume")
    return changed(clock, at, stage=ClockStage.IN_PROGRESS, segments=switched(clock, at, SegmentKind.RUNNING))


def stop(clock: SlaClock, at: datetime) -> SlaClock:
    """Completed, in time or not: ``settle`` tells. No change when it already is. Raises as ``pause``."""
    at = in_order(clock, at)
    if clock.stage is ClockStage.COMPLETED:
        return clock
    must_be_open(clock, "stop")
    return changed(clock, at, stage=ClockStage.COMPLETED, stopped_at=at, segments=closed(clock, at))


def cancel(clock: SlaClock, at: datetime, reason: str | None = None) -> SlaClock:
    """Nothing changes when cancelled already. Raises ClockStageError when completed, ClockOrderError."""
    at = in_order(clock, at)
    if clock.stage is ClockStage.CANCELLED:
        return clock
    must_be_open(clock, "cancel")
    ended = changed(clock, at, stage=ClockStage.CANCELLED, stopped_at=at, segments=closed(clock, at))
    return ended.model_copy(update={"cancel_reason": reason})


def reopen(clock: SlaClock, at: datetime) -> SlaClock:
    """A completed clock goes on; the time since it stopped counts neither as used nor as paused.

    Nothing changes when it is open. Raises ClockStageError when cancelled, ClockOrderError.
    """
    at = in_order(clock, at)
    if clock.stage.is_open:
        return clock
    if clock.stage is ClockStage.CANCELLED:
        raise ClockStageError("reopen", clock.stage)
    return changed(clock, at, stage=ClockStage.IN_PROGRESS, stopped_at=None, segments=reopened(clock, at))


def reset(clock: SlaClock, at: datetime) -> SlaClock:
    """A new cycle from zero: nothing used, nothing fired; a paused clock stays paused, a completed one runs.

    The caller keeps the old value, settled, where the past cycle matters.
    Raises ClockStageError when cancelled, ClockOrderError.
    """
    at = in_order(clock, at)
    if clock.stage is ClockStage.CANCELLED:
        raise ClockStageError("reset", clock.stage)
    paused = clock.stage is ClockStage.PAUSED
    kind = SegmentKind.PAUSED if paused else SegmentKind.RUNNING
    reason = clock.segments[-1].reason if paused else None
    return changed(
        clock,
        at,
        stage=ClockStage.PAUSED if paused else ClockStage.IN_PROGRESS,
        started_at=at,
        stopped_at=None,
        terms_since=at,
        cycle=clock.cycle + 1,
        segments=(ClockSegment(kind=kind, start=at, calendar=clock.calendar, reason=reason),),
        fired=(),
    )


def fire(clock: SlaClock, threshold: int, at: datetime) -> SlaClock:
    """Mark a threshold; ``at`` is when it was reached, as ``next_threshold`` gave it. Twice changes nothing.

    Raises ThresholdError for a percent that is no threshold, ClockOrderError when ``at`` lies before the
    terms in force (a timer of an earlier target) or after the clock ended.
    """
    if threshold not in clock.thresholds:
        raise ThresholdError(f"{threshold} % is none of the thresholds {clock.thresholds}")
    if any(mark.percent == threshold for mark in clock.fired):
        return clock
    mark = FiredThreshold(percent=threshold, at=at)
    if mark.at < clock.terms_since or (clock.stopped_at and mark.at > clock.stopped_at):
        raise ClockOrderError(
            f"{threshold} % at {at.isoformat()} is outside the time in which the clock could reach it"
        )
    return with_fired(clock, (*clock.fired, mark))
