"""Business time: durations and days counted while a calendar is open. Instants go in aware come out UTC."""

from datetime import UTC, datetime, timedelta

from steadydesk.contracts.calendar import Calendar, Segment, Week
from steadydesk.policies.calendar_hours import (
    DAY,
    HORIZON_DAYS,
    CalendarError,
    HorizonError,
    NeverOpensError,
    Timetable,
    instant,
    local_spans,
    micros,
    spans_between,
    spans_from,
    timetable,
    utc_offset,
)

__all__ = [
    "ALWAYS_OPEN",
    "CalendarError",
    "HorizonError",
    "NeverOpensError",
    "add_business_days",
    "add_business_time",
    "business_time_between",
    "is_open",
    "next_opening",
]

_WHOLE_DAY = (Segment(begin="00:00", end="24:00"),)

ALWAYS_OPEN = Calendar(
    key="always-open",
    label="24x7",
    zone="UTC",
    week=Week(
        mon=_WHOLE_DAY,
        tue=_WHOLE_DAY,
        wed=_WHOLE_DAY,
        thu=_WHOLE_DAY,
        fri=_WHOLE_DAY,
        sat=_WHOLE_DAY,
        sun=_WHOLE_DAY,
    ),
)
"""The calendar on which business time is elapsed time."""


def is_open(calendar: Calendar, at: datetime) -> bool:
    now = micros(at)
    return any(spans_between(timetable(calendar), now, now + 1))


def next_opening(calendar: Calendar, at: datetime) -> datetime:
    """``at`` itself when the calendar is open, else the instant at which it next opens.

    Raises NeverOpensError or HorizonError.
    """
    begin, _ = next(spans_from(timetable(calendar), micros(at)))
    return instant(begin)


def business_time_between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Open time within [start, end), to the microsecond; CalendarError when ``end`` precedes ``start``."""
    first, last = micros(start), micros(end)
    if last < first:
        raise CalendarError(f"the end {end.isoformat()} precedes the start {start.isoformat()}")
    spans = spans_between(timetable(calendar), first, last)
    return timedelta(microseconds=sum(finish - begin for begin, finish in spans))


def add_business_time(calendar: Calendar, start: datetime, duration: timedelta) -> datetime:
    """The earliest instant at which ``duration`` of business time has passed since ``start``.

    A duration that ends with the day ends at its close, not at the next opening, and a duration of zero is
    ``start`` itself, also on a closed instant: so adding in two steps is adding at once. To roll forward, use
    ``next_opening``.
    Raises CalendarError for a negative duration, NeverOpensError or HorizonError.
    """
    rest = duration // timedelta(microseconds=1)
    if rest < 0:
        raise CalendarError(f"cannot add a negative duration ({duration})")
    now = micros(start)
    if rest == 0:
        return start.astimezone(UTC)
    for begin, finish in spans_from(timetable(calendar), now):
        if finish - begin >= rest:
            return instant(begin + rest)
        rest -= finish - begin
    raise AssertionError("spans_from never ends quietly")


def add_business_days(calendar: Calendar, start: datetime, days: int) -> datetime:
    """The same wall-clock time, ``days`` business days on; a business day is a local date that opens at all.

    A closed ``start`` counts as the next opening, which is also the answer for zero days. Where the target
    day is closed at that time of day, the answer is its next opening on that day, else its close: never a
    later day. Raises CalendarError for negative days, NeverOpensError or HorizonError.
    """
    if days < 0:
        raise CalendarError(f"cannot add {days} business days")
    opening = next_opening(calendar, start)
    if days == 0:
        return opening
    hours = timetable(calendar)
    now = micros(opening)
    local_day, time_of_day = divmod(now + utc_offset(hours.zone, now), DAY)
    target = _business_day_after(hours, local_day, days, opening)
    later = local_spans(hours, target, not_before=time_of_day)
    return instant(later[0][0] if later else local_spans(hours, target)[-1][1])


def _business_day_after(hours: Timetable, local_day: int, days: int, start: datetime) -> int:
    for candidate in range(local_day + 1, local_day + 1 + HORIZON_DAYS):
        days -= bool(local_spans(hours, candidate))
        if days == 0:
            return candidate
    raise HorizonError(hours.key, start)
