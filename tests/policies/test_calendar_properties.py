"""Laws of business time for any calendar and instant, and its equality with the minute-by-minute oracle."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from steadydesk.contracts.calendar import Calendar, Segment, Week
from steadydesk.policies.calendar import (
    ALWAYS_OPEN,
    add_business_days,
    add_business_time,
    business_time_between,
    is_open,
    next_opening,
)
from tests.support import clock_oracle as oracle

MICROSECOND = timedelta(microseconds=1)
ZONES = ("UTC", *oracle.ZONES)
WINDOWS = (
    oracle.Window(datetime(2026, 3, 27, tzinfo=UTC), 12 * 1440),
    oracle.Window(datetime(2026, 10, 22, tzinfo=UTC), 12 * 1440),
    oracle.Window(datetime(2018, 10, 30, tzinfo=UTC), 12 * 1440),
    oracle.Window(datetime(2018, 2, 14, tzinfo=UTC), 12 * 1440),
    oracle.Window(datetime(2011, 12, 25, tzinfo=UTC), 12 * 1440),
    oracle.Window(datetime(2010, 11, 3, tzinfo=UTC), 12 * 1440),
)
of_any_life = settings(max_examples=120, deadline=None)


@st.composite
def segments(draw: st.DrawFn) -> tuple[Segment, ...]:
    minutes = st.one_of(st.integers(0, 1440), st.sampled_from((0, 30, 60, 90, 120, 150, 180, 1380, 1440)))
    cuts = sorted(draw(st.sets(minutes, max_size=6)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    texts = ((f"{begin // 60:02}:{begin % 60:02}", f"{end // 60:02}:{end % 60:02}") for begin, end in pairs)
    return tuple(Segment(begin=begin, end=end) for begin, end in texts)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    week = Week(**{day: draw(segments()) for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")})
    assume(any(week.days))
    first = draw(st.sampled_from(WINDOWS)).start.date()
    days = draw(st.sets(st.integers(0, 14), max_size=4))
    holidays = frozenset(first + timedelta(days=day) for day in days)
    return Calendar(key="any", label="Any", zone=draw(st.sampled_from(ZONES)), week=week, holidays=holidays)


@st.composite
def instants(draw: st.DrawFn) -> datetime:
    window = draw(st.sampled_from(WINDOWS))
    return window.start + timedelta(microseconds=draw(st.integers(0, window.minutes * 60_000_000)))


durations = st.timedeltas(timedelta(0), timedelta(days=40))
short_durations = st.timedeltas(timedelta(0), timedelta(days=4))


@of_any_life
@given(calendars(), instants(), durations)
def test_time_added_is_the_time_between_and_no_earlier_instant_has_it(
    calendar: Calendar, start: datetime, duration: timedelta
) -> None:
    due = add_business_time(calendar, start, duration)
    assert business_time_between(calendar, start, due) == duration
    if duration:
        assert business_time_between(calendar, start, due - MICROSECOND) == duration - MICROSECOND


@of_any_life
@given(calendars(), instants(), durations, durations)
def test_adding_in_two_steps_is_adding_at_once(
    calendar: Calendar, start: datetime, first: timedelta, second: timedelta
) -> None:
    stepped = add_business_time(calendar, add_business_time(calendar, start, first), second)
    assert stepped == add_business_time(calendar, start, first + second)


@of_any_life
@given(calendars(), instants(), durations, durations)
def test_time_between_adds_up_and_never_exceeds_the_wall(
    calendar: Calendar, start: datetime, first: timedelta, second: timedelta
) -> None:
    middle = start + first
    end = middle + second
    whole = business_time_between(calendar, start, end)
    parts = business_time_between(calendar, start, middle) + business_time_between(calendar, middle, end)
    assert timedelta(0) <= whole == parts <= end - start
    assert business_time_between(ALWAYS_OPEN, start, end) == end - start


@of_any_life
@given(calendars(), instants(), short_durations, durations)
def test_a_later_start_is_never_due_earlier(
    calendar: Calendar, start: datetime, later: timedelta, duration: timedelta
) -> None:
    due = add_business_time(calendar, start, duration)
    assert due <= add_business_time(calendar, start + later, duration)


@of_any_life
@given(calendars(), instants())
def test_the_next_opening_is_the_first_open_instant(calendar: Calendar, at: datetime) -> None:
    opening = next_opening(calendar, at)
    assert is_open(calendar, opening)
    assert business_time_between(calendar, at, opening) == timedelta(0)
    assert (opening == at) is is_open(calendar, at)


@of_any_life
@given(calendars(), st.sampled_from(WINDOWS), st.data())
def test_time_between_is_what_the_oracle_steps(
    calendar: Calendar, window: "oracle.Window", data: st.DataObject
) -> None:
    end = data.draw(st.integers(0, window.minutes * 60_000_000 - 1))
    start = data.draw(st.integers(0, end))
    first, last = (window.start + timedelta(microseconds=micros) for micros in (start, end))
    opened = oracle.open_minutes(calendar, window)
    stepped = oracle.open_micros(opened, start, end)
    assert business_time_between(calendar, first, last) == timedelta(microseconds=stepped)
    assert is_open(calendar, first) is bool(opened[start // 60_000_000])


@of_any_life
@given(calendars(), st.sampled_from(WINDOWS), st.integers(1440, 8 * 1440), st.integers(1, 4))
def test_business_days_are_the_local_dates_that_open(
    calendar: Calendar, window: "oracle.Window", minute: int, days: int
) -> None:
    opened = oracle.open_minutes(calendar, window)
    _, dates = oracle.wall_clock(calendar.zone, window)
    opening = opened.find(1, minute)
    assume(opening >= 0)
    following = sorted({day for day, at in zip(dates, opened, strict=True) if at and day > dates[opening]})
    assume(len(following) > days)
    due = add_business_days(calendar, window.at(minute), days)
    # A day may end at its close, which already belongs to the next minute, hour or date.
    last_moment = (due if is_open(calendar, due) else due - MICROSECOND).astimezone(ZoneInfo(calendar.zone))
    assert last_moment.date().toordinal() == following[days - 1]
