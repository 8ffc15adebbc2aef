"""A stretch of days in somebody's zone, cut into the days or weeks by which a dashboard counts."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

LONGEST = 2 * 366
"""Days; more are no dashboard, but a report."""

_MOST_SINGLE_DAYS = 31
_EARLIEST_YEAR, _LATEST_YEAR = 2000, 2199


class Bucket(StrEnum):
    """Weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"


class PeriodError(ValueError):
    """``args[0]`` says what is wrong: ``order`` (it ends before it begins), ``length`` or ``range``."""


@dataclass(frozen=True)
class Period:
    """From the first day to the last, both included."""

    first: date
    last: date
    zone: str
    by: Bucket

    @property
    def begin(self) -> datetime:
        return _midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The first instant after it."""
        return _midnight(self.last + timedelta(days=1), self.zone)

    @property
    def buckets(self) -> list[date]:
        """The first day of each; of the first week that may lie before the period."""
        step = timedelta(days=1 if self.by is Bucket.DAY else 7)
        day, found = self.first if self.by is Bucket.DAY else _monday(self.first), list[date]()
        while day <= self.last:
            found.append(day)
            day += step
        return found

    @property
    def marks(self) -> list[datetime]:
        """Where each bucket begins within the period, and where the last one ends."""
        return [self.begin, *(_midnight(day, self.zone) for day in self.buckets[1:]), self.end]


def last_days(days: int, today: date, zone: str) -> Period:
    """The days until today; where they are counted by weeks, from the Monday of the first one on, so that every
    week but the present one is whole.
    """
    first = today - timedelta(days=days - 1)
    by = _bucket_of(first, today)
    return Period(_monday(first) if by is Bucket.WEEK else first, today, zone, by)


def between(first: date, last: date, zone: str) -> Period:
    """PeriodError for what is no period, is longer than ``LONGEST`` days, or far from our time."""
    if last < first:
        raise PeriodError("order")
    if (last - first).days >= LONGEST:
        raise PeriodError("length")
    if first.year < _EARLIEST_YEAR or last.year > _LATEST_YEAR:
        raise PeriodError("range")
    return Period(first, last, zone, _bucket_of(first, last))


def _bucket_of(first: date, last: date) -> Bucket:
    return Bucket.DAY if (last - first).days < _MOST_SINGLE_DAYS else Bucket.WEEK


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
