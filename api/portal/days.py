"""Days as forms ask for them: whole days in the reader's zone, the last one included."""

from datetime import date, datetime, time, timedelta

from api.portal.forms import Posted
from api.portal.page import Page
from steadydesk.contracts.base import YEARS
from steadydesk.errors import InvalidInput, Problem


def span_of(page: Page, posted: Posted, first: str, last: str) -> tuple[datetime, datetime]:
    """From the beginning of the day in field ``first`` to the end of that in ``last``; InvalidInput at the fields."""
    begins, ends = _day(page, posted, first), _day(page, posted, last)
    if ends < begins:
        words = page.words("profile.last_before_first")
        raise InvalidInput(words, problems=[Problem(f"/{last}", words)])
    return begin_of(page, begins), end_of(page, ends)


def begin_of(page: Page, day: date) -> datetime:
    return datetime.combine(day, time(), page.formats.zone)


def end_of(page: Page, day: date) -> datetime:
    """The first instant that is not of the day any more."""
    return begin_of(page, day + timedelta(days=1))


def day_in(page: Page, posted: Posted, name: str) -> date | None:
    """The day in the field, None for an empty one; InvalidInput at the field for what is none."""
    return _day(page, posted, name) if posted.has(name) else None


def today(page: Page) -> date:
    return page.now.astimezone(page.formats.zone).date()


def _day(page: Page, posted: Posted, name: str) -> date:
    try:
        day = date.fromisoformat(posted.text(name) or "")
    except ValueError:
        day = date.min
    if not 2000 <= day.year < YEARS[-1]:
        words = page.words("profile.no_day")
        raise InvalidInput(words, problems=[Problem(f"/{name}", words)])
    return day
