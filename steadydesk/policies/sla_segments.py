"""How the segments of a service clock follow each other; what every operation on one checks first."""

from datetime import UTC, datetime

from steadydesk.contracts.sla import ClockSegment, SegmentKind, SlaClock
from steadydesk.policies.sla_errors import ClockError, ClockOrderError, ClockStageError

Segments = tuple[ClockSegment, ...]


def in_utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ClockError(f"{at.isoformat()} has no zone; instants must be aware")
    return at.astimezone(UTC)


def in_order(clock: SlaClock, at: datetime) -> datetime:
    """``at`` in UTC; ClockOrderError when the clock has already changed at a later instant."""
    moment = in_utc(at)
    if moment < clock.changed_at:
        raise ClockOrderError(
            f"{moment.isoformat()} precedes the last change, at {clock.changed_at.isoformat()}"
        )
    return moment


def must_be_open(clock: SlaClock, operation: str) -> None:
    if not clock.stage.is_open:
        raise ClockStageError(operation, clock.stage)


def changed(clock: SlaClock, at: datetime, **update: object) -> SlaClock:
    return clock.model_copy(update={**update, "changed_at": at})


def closed(clock: SlaClock, at: datetime) -> Segments:
    """The segments, the open one ended at ``at``, or gone when it only began then."""
    *earlier, last = clock.segments
    return (*earlier, last.model_copy(update={"end": at})) if last.start < at else tuple(earlier)


def switched(clock: SlaClock, at: datetime, kind: SegmentKind, reason: str | None = None) -> Segments:
    """The segments with a new open one from ``at``."""
    return (*closed(clock, at), ClockSegment(kind=kind, start=at, calendar=clock.calendar, reason=reason))


def reopened(clock: SlaClock, at: datetime) -> Segments:
    """The segments of a completed clock with one for the time since it stopped, and a new running one."""
    running = ClockSegment(kind=SegmentKind.RUNNING, start=at, calendar=clock.calendar)
    if clock.stopped_at is None or clock.stopped_at == at:
        return (*clock.segments, running)
    stopped = ClockSegment(kind=SegmentKind.STOPPED, start=clock.stopped_at, end=at, calendar=clock.calendar)
    return (*clock.segments, stopped, running)


def beginning(segments: Segments, start: datetime) -> Segments:
    """The segments of an open clock, led by running time from ``start`` when they begin after it.

    Nothing is cut off when they begin before it: readings skip what lies before the start, and a start that
    moves back finds it again.
    """
    first = segments[0]
    if first.start <= start:
        return segments
    running = ClockSegment(kind=SegmentKind.RUNNING, start=start, end=first.start, calendar=first.calendar)
    return (running, *segments)
