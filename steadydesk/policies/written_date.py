"""Days and instants as people of a language write them; pages and mails say them alike."""

from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import DateTimePattern

_MIDNIGHT = time()
_DAY, _SHORT_DAY = "yMMMd", "MMMd"
_EUROPEAN_ENGLISH = "en-GB"


def written_day(day: date, language: str) -> str:
    """As the Unicode CLDR has it for the language of a tag, day before month in plain English; in English for a tag
    that names no language.
    """
    return _written(day, language, _DAY)


def written_short_day(day: date, language: str) -> str:
    """Without its year, where little room is."""
    return _written(day, language, _SHORT_DAY)


def written_instant(at: datetime, zone: ZoneInfo, language: str) -> str:
    """Day and time of day in the reader's zone."""
    local = at.astimezone(zone)
    return f"{written_day(local.date(), language)}, {local:%H:%M}"


def day_begun(at: datetime, zone: ZoneInfo) -> date | None:
    """The day that begins at the instant where days begin in ``zone``; None for an instant within a day."""
    local = at.astimezone(zone)
    return local.date() if local.time() == _MIDNIGHT else None


def last_day(ends: datetime, zone: ZoneInfo) -> date | None:
    """The last whole day of what ends at the instant, where days begin in ``zone``; None for an end within a day."""
    after = day_begun(ends, zone)
    return None if after is None else after - timedelta(days=1)


def until_day(ends: datetime, zone: ZoneInfo) -> date:
    """The last day, also where it is not whole."""
    return last_day(ends, zone) or ends.astimezone(zone).date()


def _written(day: date, language: str, skeleton: str) -> str:
    locale, pattern = _way(language, skeleton)
    return pattern.apply(day, locale)


@cache
def _way(language: str, skeleton: str) -> tuple[Locale, DateTimePattern]:
    try:
        locale = Locale.parse(_EUROPEAN_ENGLISH if language == "en" else language, sep="-")
    except (ValueError, UnknownLocaleError):
        locale = Locale.parse(_EUROPEAN_ENGLISH, sep="-")
    return locale, locale.datetime_skeletons[skeleton]
