"""Business time by tables of cases that a person can check on paper; laws are in test_calendar_properties."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from steadydesk.contracts.calendar import Calendar
from steadydesk.policies.calendar import (
    ALWAYS_OPEN,
    CalendarError,
    HorizonError,
    NeverOpensError,
    add_business_days,
    add_business_time,
    business_time_between,
    is_open,
    next_opening,
)

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
BERLIN = "Europe/Berlin"


def calendar(week: dict[str, str], zone: str = BERLIN, holidays: tuple[str, ...] = ()) -> Calendar:
    segments = {
        day: [dict(zip(("begin", "end"), text.split("-"), strict=True)) for text in texts.split()]
        for day, texts in week.items()
    }
    return Calendar.model_validate(
        {"key": "tested", "label": "Tested", "zone": zone, "week": segments, "holidays": holidays}
    )


OFFICE = calendar(
    dict.fromkeys(DAYS[:5], "08:00-12:00 13:00-17:00") | {"fri": "08:00-14:00"}, holidays=("2026-05-25",)
)
NIGHT = calendar({"mon": "22:00-24:00", "tue": "00:00-06:00"})


def at(text: str, zone: str = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def hours(text: str) -> timedelta:
    whole, minutes = text.split(":")
    return timedelta(hours=int(whole), minutes=int(minutes))


@pytest.mark.parametrize(
    ("tested", "start", "end", "expected"),
    [
        pytest.param(OFFICE, "2026-05-12 09:00", "2026-05-12 11:30", "2:30", id="within a segment"),
        pytest.param(OFFICE, "2026-05-12 11:00", "2026-05-12 14:00", "2:00", id="over lunch"),
        pytest.param(OFFICE, "2026-05-15 13:00", "2026-05-18 09:00", "2:00", id="weekend"),
        pytest.param(OFFICE, "2026-05-22 13:00", "2026-05-26 09:00", "2:00", id="weekend and holiday"),
        pytest.param(OFFICE, "2026-05-16 10:00", "2026-05-17 10:00", "0:00", id="closed throughout"),
        pytest.param(OFFICE, "2026-05-12 09:00", "2026-05-12 09:00", "0:00", id="nothing"),
        pytest.param(OFFICE, "2026-01-01 00:00", "2027-01-01 00:00", "1976:00", id="a year"),
        pytest.param(NIGHT, "2026-05-11 12:00", "2026-05-12 12:00", "8:00", id="overnight"),
        pytest.param(NIGHT, "2026-05-11 23:00", "2026-05-12 01:00", "2:00", id="over midnight"),
        pytest.param(ALWAYS_OPEN, "2026-03-28 12:00", "2026-03-29 12:00", "23:00", id="always open, spring"),
    ],
)
def test_business_time_between(tested: Calendar, start: str, end: str, expected: str) -> None:
    assert business_time_between(tested, at(start), at(end)) == hours(expected)


@pytest.mark.parametrize(
    ("zone", "local_date", "segment", "expected"),
    [
        (BERLIN, "2026-03-29", "00:00-06:00", "5:00"),
        (BERLIN, "2026-10-25", "00:00-06:00", "7:00"),
        (BERLIN, "2026-03-29", "02:00-03:00", "0:00"),
        (BERLIN, "2026-10-25", "02:00-03:00", "2:00"),
        (BERLIN, "2026-03-29", "02:30-05:00", "2:00"),
        (BERLIN, "2026-10-25", "02:30-05:00", "3:00"),
        (BERLIN, "2026-10-25", "01:00-02:30", "2:00"),
        ("America/New_York", "2026-03-08", "00:00-24:00", "23:00"),
        ("America/New_York", "2026-11-01", "00:00-24:00", "25:00"),
        ("Australia/Lord_Howe", "2026-10-04", "00:00-06:00", "5:30"),
        ("Australia/Lord_Howe", "2026-04-05", "00:00-06:00", "6:30"),
        ("Australia/Lord_Howe", "2026-04-05", "01:30-02:00", "1:00"),
        ("Asia/Kolkata", "2026-03-29", "00:00-06:00", "6:00"),
        ("America/Sao_Paulo", "2018-11-04", "00:00-06:00", "5:00"),
        ("America/Sao_Paulo", "2018-02-17", "22:00-24:00", "3:00"),
        ("Pacific/Apia", "2011-12-30", "08:00-17:00", "0:00"),
        ("America/St_Johns", "2010-11-06", "23:00-24:00", "1:59"),
        ("America/St_Johns", "2010-11-07", "00:00-06:00", "6:01"),
    ],
)
def test_a_segment_has_its_real_length_when_the_clocks_change(
    zone: str, local_date: str, segment: str, expected: str
) -> None:
    day = date.fromisoformat(local_date)
    tested = calendar({DAYS[day.weekday()]: segment}, zone)
    noon = datetime.combine(day, time(12), UTC)
    start, end = noon - timedelta(days=2), noon + timedelta(days=2)
    assert business_time_between(tested, start, end) == hours(expected)


@pytest.mark.parametrize(
    ("tested", "start", "duration", "expected"),
    [
        pytest.param(OFFICE, "2026-05-12 09:00", "2:30", "2026-05-12 11:30", id="within a segment"),
        pytest.param(OFFICE, "2026-05-12 11:00", "2:00", "2026-05-12 14:00", id="over lunch"),
        pytest.param(OFFICE, "2026-05-15 13:00", "2:00", "2026-05-18 09:00", id="weekend"),
        pytest.param(OFFICE, "2026-05-22 13:00", "2:00", "2026-05-26 09:00", id="weekend and holiday"),
        pytest.param(OFFICE, "2026-05-12 15:00", "2:00", "2026-05-12 17:00", id="ends at the close"),
        pytest.param(OFFICE, "2026-05-16 10:00", "0:01", "2026-05-18 08:01", id="from a closed instant"),
        pytest.param(OFFICE, "2026-05-16 10:00", "0:00", "2026-05-16 10:00", id="zero moves nothing"),
        pytest.param(OFFICE, "2026-01-05 08:00", "380:00", "2026-03-13 14:00", id="ten weeks"),
        pytest.param(NIGHT, "2026-05-11 23:00", "3:00", "2026-05-12 02:00", id="over midnight"),
    ],
)
def test_add_business_time(tested: Calendar, start: str, duration: str, expected: str) -> None:
    due = add_business_time(tested, at(start), hours(duration))
    assert due == at(expected)
    assert due.tzinfo is UTC


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        pytest.param("2026-05-11 10:00", 2, "2026-05-13 10:00", id="same time of day"),
        pytest.param("2026-05-14 10:00", 2, "2026-05-18 10:00", id="weekend"),
        pytest.param("2026-05-22 10:00", 1, "2026-05-26 10:00", id="weekend and holiday"),
        pytest.param("2026-05-16 12:00", 1, "2026-05-19 08:00", id="a closed start counts as the opening"),
        pytest.param("2026-05-11 20:00", 1, "2026-05-13 08:00", id="after hours counts as the next day"),
        pytest.param("2026-05-14 16:00", 1, "2026-05-15 14:00", id="a shorter day: its close"),
        pytest.param("2026-05-15 12:30", 1, "2026-05-18 13:00", id="a lunch hour: the opening after it"),
        pytest.param("2026-05-16 12:00", 0, "2026-05-18 08:00", id="zero days: the next opening"),
        pytest.param("2026-03-27 10:00", 1, "2026-03-30 10:00", id="wall clock kept over the change"),
    ],
)
def test_add_business_days(start: str, days: int, expected: str) -> None:
    assert add_business_days(OFFICE, at(start), days) == at(expected)


def test_a_business_day_skips_the_date_that_a_zone_never_had() -> None:
    apia = calendar(dict.fromkeys(DAYS, "08:00-17:00"), "Pacific/Apia")
    eve = at("2011-12-29 10:00", "Pacific/Apia")
    assert add_business_days(apia, eve, 1) == at("2011-12-31 10:00", "Pacific/Apia")


@pytest.mark.parametrize(
    ("moment", "expected", "opening"),
    [
        ("2026-05-12 07:59:59", False, "2026-05-12 08:00"),
        ("2026-05-12 08:00", True, "2026-05-12 08:00"),
        ("2026-05-12 11:59:59", True, "2026-05-12 11:59:59"),
        ("2026-05-12 12:00", False, "2026-05-12 13:00"),
        ("2026-05-15 14:00", False, "2026-05-18 08:00"),
        ("2026-05-25 10:00", False, "2026-05-26 08:00"),
    ],
)
def test_open_and_next_opening(moment: str, expected: bool, opening: str) -> None:
    assert is_open(OFFICE, at(moment)) is expected
    assert next_opening(OFFICE, at(moment)) == at(opening)


NOW = datetime(2026, 5, 12, tzinfo=UTC)
CLOSED = calendar({})


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda: add_business_time(CLOSED, NOW, timedelta(hours=1)), NeverOpensError, "'tested' never opens"),
        (lambda: next_opening(CLOSED, NOW), NeverOpensError, "no segment"),
        (lambda: add_business_days(CLOSED, NOW, 1), NeverOpensError, "never opens"),
        (
            lambda: add_business_time(OFFICE, NOW, timedelta(days=9999)),
            HorizonError,
            "hundred years of 2026-05-12",
        ),
        (lambda: add_business_days(OFFICE, NOW, 99_999), HorizonError, "hundred years"),
        (lambda: add_business_time(OFFICE, NOW, timedelta(hours=-1)), CalendarError, "negative duration"),
        (lambda: add_business_days(OFFICE, NOW, -1), CalendarError, "-1 business days"),
        (lambda: business_time_between(OFFICE, NOW, NOW - timedelta(1)), CalendarError, "precedes the start"),
        (lambda: is_open(OFFICE, datetime(2026, 5, 12)), CalendarError, "no zone"),  # noqa: DTZ001
        (
            lambda: is_open(OFFICE, datetime(1, 1, 1, tzinfo=UTC)),
            CalendarError,
            "outside the years 1900 to 9799",
        ),
    ],
)
def test_what_has_no_answer_says_why(ask: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ask()


def test_no_time_passes_on_a_calendar_that_never_opens() -> None:
    assert business_time_between(CLOSED, NOW, NOW + timedelta(days=900)) == timedelta(0)


@pytest.mark.parametrize(
    ("part", "where", "message"),
    [
        ({"zone": "Europe/Berln"}, "zone", "unknown time zone 'Europe/Berln'; did you mean 'Europe/Berlin'?"),
        ({"zone": "America"}, "zone", "unknown time zone 'America'"),
        ({"zone": "../../etc/passwd"}, "zone", "unknown time zone"),
        (
            {"week": {"mon": [("09:00", "12:00"), ("11:00", "13:00")]}},
            "week.mon",
            "09:00-12:00 and 11:00-13:00 overlap",
        ),
        ({"week": {"tue": [("22:00", "06:00")]}}, "week.tue.0", "22:00-06:00 does not end after it begins"),
        ({"week": {"tue": [("08:00", "08:00")]}}, "week.tue.0", "08:00-08:00 does not end after it begins"),
        ({"week": {"wed": [("08:00", "24:01")]}}, "week.wed.0.end", "from 00:00 to 24:00, not '24:01'"),
        (
            {"week": {"wed": [("8:00", "12:00")]}},
            "week.wed.0.begin",
            "as HH:MM from 00:00 to 24:00, not '8:00'",
        ),
        ({"week": {"wed": [("08:60", "12:00")]}}, "week.wed.0.begin", "not '08:60'"),
        ({"week": {"someday": []}}, "week.someday", "Extra inputs are not permitted"),
        ({"holidays": ["2026-02-30"]}, "holidays.0", "valid date"),
        ({"key": ""}, "key", "at least 1 character"),
    ],
)
def test_a_calendar_says_what_is_wrong_and_where(part: dict[str, Any], where: str, message: str) -> None:
    if "week" in part:
        pairs = part["week"].items()
        part = {"week": {day: [{"begin": begin, "end": end} for begin, end in spans] for day, spans in pairs}}
    with pytest.raises(ValidationError) as caught:
        Calendar.model_validate({"key": "k", "label": "K", "zone": "UTC", "week": {}} | part)
    (error,) = caught.value.errors()
    assert ".".join(str(step) for step in error["loc"]) == where
    assert message in error["msg"]


def test_a_calendar_is_one_value_however_it_is_written() -> None:
    spoken = {"mon": [{"begin": "13:00", "end": "24:00"}, {"begin": time(8), "end": "12:00"}]}
    tested = Calendar.model_validate(
        {"key": "k", "label": "K", "zone": "UTC", "week": spoken, "holidays": [date.max, date.min]}
    )
    assert [str(segment) for segment in tested.week.mon] == ["08:00-12:00", "13:00-24:00"]
    assert tested.model_dump()["holidays"] == [date.min, date.max]
    again = Calendar.model_validate_json(tested.model_dump_json())
    assert again == tested
    assert hash(again) == hash(tested)
