"""How far away a day is, how large a file, and until when something is good, as its reader says it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from api.portal.formats import Formats
from api.portal.words import words_in

NOW = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "said"),
    [
        ("UTC", date(2026, 11, 23), "today"),
        ("Europe/Berlin", date(2026, 11, 24), "today"),
        ("Europe/Berlin", date(2026, 11, 23), "yesterday"),
        ("America/New_York", date(2026, 11, 24), "tomorrow"),
        ("UTC", date(2026, 11, 20), "3 days ago"),
        ("UTC", date(2027, 2, 1), "in 70 days"),
        ("UTC", date(2031, 2, 3), "in 4 years"),
    ],
)
def test_a_day_is_told_from_the_readers_own(zone: str, day: date, said: str) -> None:
    assert Formats(words_in("en"), ZoneInfo(zone), NOW).away(day) == said


@pytest.mark.parametrize(
    ("count", "said"), [(20_971_520, "21 MB"), (1_550_000, "1.6 MB"), (999_999, "1,000 kB"), (12, "12 B")]
)
def test_a_size_has_no_digits_that_say_nothing(count: int, said: str) -> None:
    assert Formats(words_in("en"), ZoneInfo("UTC"), NOW).size(count) == said


@pytest.mark.parametrize(
    ("zone", "said", "offset"),
    [("UTC", "21 Feb 2027", "+00:00"), ("Europe/Berlin", "22 Feb 2027, 01:00", "+01:00")],
)
def test_what_ends_with_a_day_is_good_until_that_day(zone: str, said: str, offset: str) -> None:
    formats = Formats(words_in("en"), ZoneInfo(zone), NOW)
    assert f">{said}</time>" in formats.last(datetime(2027, 2, 22, tzinfo=UTC))
    assert formats.offset() == offset
