"""Periods of a dashboard: days and weeks of a zone, without a gap, whatever its clocks do."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steadydesk.policies.period import LONGEST, Bucket, Period, PeriodError, between, last_days

DAYS = st.dates(date(2001, 1, 1), date(2190, 1, 1))
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"])


@given(DAYS, st.integers(0, LONGEST - 1), ZONES)
def test_buckets_cover_every_day_once(first: date, length: int, zone: str) -> None:
    period = between(first, first + timedelta(days=length), zone)
    step = 1 if period.by is Bucket.DAY else 7
    starts = period.buckets
    assert [later - earlier for earlier, later in pairwise(starts)] == [timedelta(days=step)] * (
        len(starts) - 1
    )
    assert starts[0] <= period.first < starts[0] + timedelta(days=step)
    assert starts[-1] <= period.last < starts[-1] + timedelta(days=step)
    assert len(starts) <= 107
    if period.by is Bucket.WEEK:
        assert all(day.weekday() == 0 for day in starts)
    marks = period.marks
    assert len(marks) == len(starts) + 1
    assert marks == sorted(marks)
    assert (marks[0], marks[-1]) == (period.begin, period.end)


@pytest.mark.parametrize("days", [30, 90, 365])
@given(today=DAYS, zone=ZONES)
def test_last_days_end_today_and_begin_with_a_whole_bucket(days: int, today: date, zone: str) -> None:
    period = last_days(days, today, zone)
    assert period.last == today
    assert 0 <= (period.last - period.first).days + 1 - days < 7
    assert period.buckets[0] == period.first


def test_a_day_is_as_long_as_the_clocks_make_it() -> None:
    change = between(date(2026, 3, 29), date(2026, 3, 29), "Europe/Berlin")
    assert change.begin == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert change.end == datetime(2026, 3, 29, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [
        (date(2026, 3, 2), date(2026, 3, 1), "order"),
        (date(2020, 1, 1), date(2026, 3, 1), "length"),
        (date(1999, 12, 31), date(2000, 1, 2), "range"),
        (date(2199, 12, 31), date(2200, 1, 1), "range"),
    ],
)
def test_what_is_no_period(first: date, last: date, why: str) -> None:
    with pytest.raises(PeriodError) as refused:
        between(first, last, "UTC")
    assert refused.value.args == (why,)


def test_both_ends_of_the_calendar_are_refused_before_they_are_computed() -> None:
    with pytest.raises(PeriodError):
        between(date.min, date.min, "Europe/Berlin")
    assert isinstance(between(date(2026, 1, 1), date(2026, 1, 1), "UTC"), Period)
