"""Days as each language writes them, the same on pages and in mails."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from steadydesk.policies.written_date import (
    day_begun,
    last_day,
    written_day,
    written_instant,
    written_short_day,
)

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("language", "written", "short"),
    [
        ("en", "2 Mar 2026", "2 Mar"),
        ("en-GB", "2 Mar 2026", "2 Mar"),
        ("de", "2. März 2026", "2. März"),
        ("de-AT", "2. März 2026", "2. März"),
        ("fr", "2 mars 2026", "2 mars"),
        ("ja", "2026年3月2日", "3月2日"),
        ("tlh", "2 Mar 2026", "2 Mar"),
        ("no language", "2 Mar 2026", "2 Mar"),
    ],
)
def test_a_day_is_written_in_its_readers_language(language: str, written: str, short: str) -> None:
    day = date(2026, 3, 2)
    assert (written_day(day, language), written_short_day(day, language)) == (written, short)


def test_an_instant_is_written_where_its_reader_is() -> None:
    at = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert written_instant(at, BERLIN, "de") == "1. Jan. 2027, 00:30"
    assert written_instant(at, ZoneInfo("America/New_York"), "en") == "31 Dec 2026, 18:30"


def test_a_day_begins_where_it_was_named() -> None:
    at = datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert day_begun(at, BERLIN) == date(2026, 7, 1)
    assert day_begun(at, ZoneInfo("UTC")) is None


def test_what_ends_with_a_day_has_it_as_its_last() -> None:
    at = datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert last_day(at, BERLIN) == date(2026, 6, 30)
    assert last_day(at, ZoneInfo("UTC")) is None
