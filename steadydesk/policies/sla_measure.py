"""What a service clock reads at an instant: time used and left, percent, when it is due, what fires next."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from steadydesk.contracts.calendar import Calendar
from steadydesk.contracts.sla import (
    BREACH_PERCENT,
    ClockSegment,
    ClockStage,
    FiredThreshold,
    SegmentKind,
    SlaClock,
)
from steadydesk.policies.calendar import add_business_time, business_time_between
from steadydesk.policies.sla_errors import MissingCalendarError

Calendars = Calendar | Mapping[str, Calendar]
"""The calendar of a clock, or all that it has counted on, by the key under which its segments name them."""

_MICROSECOND = timedelta(microseconds=1)


def calendar_of(calendars: Calendars, key: str) -> Calendar:
    given = {calendars.key: calendars} if isinstance(calendars, Calendar) else calendars
    found = given.get(key)
    if found is None:
        raise MissingCalendarError(key)
    return found


def needed(target: timedelta, percent: int) -> timedelta:
    """The least time, in whole microseconds, that is ``percent`` of the target."""
    return timedelta(microseconds=-(target // _MICROSECOND * percent // -100))


def counted_segments(clock: SlaClock) -> Iterator[ClockSegment]:
    """The segments from the start of the clock on; a start that was moved may have left some before it."""
    for segment in clock.segments:
        if segment.start >= clock.started_at:
            yield segment
        elif segment.end is None or segment.end > clock.started_at:
            yield segment.model_copy(update={"start": clock.started_at})


def elapsed(clock: SlaClock, calendars: Calendars, now: datetime) -> timedelta:
    """Business time used until ``now``, each segment on the calendar that was in force then."""
    worked = (_worked(segment, calendars, now) for segment in _running(clock))
    return sum(worked, timedelta(0))


def paused_time(clock: SlaClock, now: datetime) -> timedelta:
    """Wall-clock time of all pauses until ``now``; time between completion and reopening is none."""
    pauses = (segment for segment in counted_segments(clock) if segment.kind is SegmentKind.PAUSED)
    return sum((max(_end(pause, now) - pause.start, timedelta(0)) for pause in pauses), timedelta(0))


def remaining(clock: SlaClock, calendars: Calendars, now: datetime) -> timedelta:
    """Business time left; negative when overrun."""
    return clock.target - elapsed(clock, calendars, now)


def percent(clock: SlaClock, calendars: Calendars, now: datetime) -> int:
    """Whole percent of the target used, rounded down, so that 100 means breached."""
    return elapsed(clock, calendars, now) * 100 // clock.target


def due_at(clock: SlaClock, calendars: Calendars, now: datetime) -> datetime | None:
    """The instant of breach; None for a cancelled clock.

    A paused clock is taken as going on at ``now``, a completed one as having gone on when it stopped, so
    that a kept promise still shows until when it was due.
    """
    if clock.stage is ClockStage.CANCELLED:
        return None
    if clock.breached_at is not None:
        return clock.breached_at
    reached, rest = _reached(clock, calendars, BREACH_PERCENT)
    if reached is not None:
        return reached
    goes_on = clock.stopped_at or max(now, clock.segments[-1].start)
    return add_business_time(calendar_of(calendars, clock.calendar), max(goes_on, clock.started_at), rest)


def next_threshold(clock: SlaClock, calendars: Calendars, now: datetime) -> tuple[int, datetime] | None:
    """The lowest threshold that has not fired, with the instant at which it is or was reached.

    None when the clock will reach none as it stands: it is paused, has ended, or all have fired.
    """
    if clock.stage is ClockStage.CANCELLED:
        return None
    return next(_unfired(clock, calendars, None if clock.stage is ClockStage.IN_PROGRESS else now), None)


def settle(clock: SlaClock, calendars: Calendars, now: datetime) -> SlaClock:
    """The clock with each threshold fired that was reached until ``now``, at the instant it was reached.

    However late or often this is called, the marks are the same; only a reset forgets what was not yet
    settled.
    """
    due = [FiredThreshold(percent=mark, at=reached) for mark, reached in _unfired(clock, calendars, now)]
    return with_fired(clock, (*clock.fired, *due)) if due else clock


def with_fired(clock: SlaClock, fired: tuple[FiredThreshold, ...]) -> SlaClock:
    return clock.model_copy(update={"fired": tuple(sorted(fired, key=lambda mark: mark.percent))})


def _running(clock: SlaClock) -> Iterator[ClockSegment]:
    return (segment for segment in counted_segments(clock) if segment.kind is SegmentKind.RUNNING)


def _end(segment: ClockSegment, now: datetime) -> datetime:
    return now if segment.end is None else min(segment.end, now)


def _worked(segment: ClockSegment, calendars: Calendars, now: datetime) -> timedelta:
    calendar = calendar_of(calendars, segment.calendar)
    return business_time_between(calendar, segment.start, max(segment.start, _end(segment, now)))


def _unfired(clock: SlaClock, calendars: Calendars, until: datetime | None) -> Iterator[tuple[int, datetime]]:
    """Thresholds not fired and reached by ``until``, ascending; with None, also those yet to come."""
    done = {mark.percent for mark in clock.fired}
    for threshold in clock.thresholds:
        if threshold in done:
            continue
        reached, _ = _reached(clock, calendars, threshold, until)
        if reached is None or (until is not None and reached > until):
            return
        yield threshold, reached


def _reached(
    clock: SlaClock, calendars: Calendars, threshold: int, until: datetime | None = None
) -> tuple[datetime | None, timedelta]:
    """When running time reaches it, never before the terms in force; else None and the time still to go.

    With ``until`` nothing after it is looked at, so that a calendar that never opens lets a clock end.
    """
    rest = needed(clock.target, threshold)
    for segment in _running(clock):
        end = until or segment.end
        if end is not None and (worked := _worked(segment, calendars, end)) < rest:
            rest -= worked
            continue
        calendar = calendar_of(calendars, segment.calendar)
        return max(add_business_time(calendar, segment.start, rest), clock.terms_since), rest
    return None, rest
