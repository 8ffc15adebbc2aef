"""When a calendar is open, as spans on the UTC line; integers are microseconds, or days, since 1970-01-01."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from steadydesk.contracts.calendar import Calendar

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
HORIZON_DAYS = 36_525
"""How far arithmetic looks ahead: a hundred years; farther is a mistake in the input, not a due date."""

_SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_YEARS = range(1900, 9800)

Span = tuple[int, int]
"""From the first until just before the second."""


class CalendarError(ValueError):
    """Calendar arithmetic was asked for something that has no answer."""


class NeverOpensError(CalendarError):
    """The week of the calendar has no segment, so no business time will ever pass."""

    def __init__(self, key: str) -> None:
        super().__init__(f"calendar '{key}' never opens: its week has no segment")
        self.key = key


class HorizonError(CalendarError):
    """The answer lies more than a hundred years ahead."""

    def __init__(self, key: str, start: datetime) -> None:
        super().__init__(
            f"calendar '{key}' has no such instant within a hundred years of {start.isoformat()}"
        )
        self.key = key
        self.start = start


def micros(at: datetime) -> int:
    """Microseconds since 1970; CalendarError for a naive one or a year outside 1900-9799."""
    if at.utcoffset() is None:
        raise CalendarError(f"{at.isoformat()} has no zone; instants must be aware")
    if at.year not in _YEARS:
        raise CalendarError(f"{at.isoformat()} is outside the years {_YEARS.start} to {_YEARS.stop - 1}")
    return (at - _EPOCH) // timedelta(microseconds=1)


def instant(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """A calendar compiled for arithmetic; compared by identity, so that it is a cheap key of memos."""

    key: str
    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    holidays: frozenset[int]

    def wall_spans(self, local_day: int) -> Iterator[Span]:
        """The segments of a local date, on a line of naive local microseconds since 1970."""
        if local_day not in self.holidays:
            midnight = local_day * DAY
            for begin, end in self.week[(local_day + 3) % 7]:  # 1970-01-01 was a Thursday
                yield midnight + begin, midnight + end


@lru_cache(maxsize=512)
def timetable(calendar: Calendar) -> Timetable:
    week = tuple(
        tuple((begin * MINUTE, end * MINUTE) for begin, end in (segment.minutes for segment in segments))
        for segments in calendar.week.days
    )
    holidays = frozenset(day.toordinal() - _EPOCH_ORDINAL for day in calendar.holidays)
    return Timetable(calendar.key, ZoneInfo(calendar.zone), week, holidays)


def utc_offset(zone: ZoneInfo, at: int) -> int:
    """What the wall clock of ``zone`` is ahead of UTC at that instant, in microseconds."""
    offset = instant(at).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // timedelta(microseconds=1)


def _change(zone: ZoneInfo, before: int, after: int) -> int:
    """The first whole second after ``before`` that has the offset of ``after``; ``before`` has another."""
    changed = utc_offset(zone, after)
    while after - before > _SECOND:
        middle = (before + after) // 2 // _SECOND * _SECOND
        if utc_offset(zone, middle) == changed:
            after = middle
        else:
            before = middle
    return after


@lru_cache(maxsize=16_384)
def _offset_pieces(zone: ZoneInfo, day: int) -> tuple[tuple[int, int, int], ...]:
    """The UTC day cut where the clocks change: (start, end, offset).

    Sampled every six hours: no zone has ever changed its clocks twice within a day.
    """
    pieces: list[tuple[int, int, int]] = []
    start = day * DAY
    offset = utc_offset(zone, start)
    for sample in range(start + 6 * HOUR, start + DAY + 1, 6 * HOUR):
        next_offset = utc_offset(zone, sample)
        if next_offset != offset:
            change = _change(zone, sample - 6 * HOUR, sample)
            pieces.append((start, change, offset))
            start, offset = change, next_offset
    end = (day + 1) * DAY
    return (*pieces, (start, end, offset)) if start < end else tuple(pieces)


def _clipped(span: Span, start: int, end: int) -> Iterator[Span]:
    begin, finish = max(span[0], start), min(span[1], end)
    if begin < finish:
        yield begin, finish


@lru_cache(maxsize=32_768)
def _open_spans(hours: Timetable, day: int) -> tuple[Span, ...]:
    """The open spans of one UTC day, in order; touching ones are joined."""
    spans: list[Span] = []
    for start, end, offset in _offset_pieces(hours.zone, day):
        for local_day in range((start + offset) // DAY, (end + offset - 1) // DAY + 1):
            for begin, finish in hours.wall_spans(local_day):
                for span in _clipped((begin - offset, finish - offset), start, end):
                    joins = bool(spans) and spans[-1][1] == span[0]
                    spans.append((spans.pop()[0], span[1]) if joins else span)
    return tuple(spans)


def spans_between(hours: Timetable, start: int, end: int) -> Iterator[Span]:
    """Every open span of [start, end), clipped to it and in order."""
    for day in range(start // DAY, (end - 1) // DAY + 1):
        for span in _open_spans(hours, day):
            yield from _clipped(span, start, end)


def spans_from(hours: Timetable, start: int) -> Iterator[Span]:
    """The open spans from ``start`` on, without an end; NeverOpensError, or HorizonError at the end."""
    if not any(hours.week):
        raise NeverOpensError(hours.key)
    yield from spans_between(hours, start, start + HORIZON_DAYS * DAY)
    raise HorizonError(hours.key, instant(start))


def local_spans(hours: Timetable, local_day: int, not_before: int = 0) -> list[Span]:
    """The open UTC spans of one local date, from the local time of day ``not_before`` (microseconds) on."""
    earliest = local_day * DAY + not_before
    return [
        span
        for day in (local_day - 1, local_day, local_day + 1)
        for start, end, offset in _offset_pieces(hours.zone, day)
        for begin, finish in hours.wall_spans(local_day)
        if finish > earliest
        for span in _clipped((max(begin, earliest) - offset, finish - offset), start, end)
    ]
