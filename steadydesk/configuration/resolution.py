"""Makes an organisation self-contained: what libraries know today is written into the version."""

from datetime import date
from typing import Any

from steadydesk.configuration.public_holidays import public_holidays
from steadydesk.contracts.calendar import Calendar
from steadydesk.contracts.configuration import ResolvedOrganisation
from steadydesk.contracts.language import in_language
from steadydesk.contracts.organisation import CalendarDefinition, OpeningHours, Organisation

YEARS_BACK = 1
YEARS_AHEAD = 5


def resolve(organisation: Organisation, today: date) -> ResolvedOrganisation:
    """The organisation with its holidays from the last year until five years ahead."""
    first, last = today.year - YEARS_BACK, today.year + YEARS_AHEAD
    return ResolvedOrganisation(
        organisation=organisation,
        calendars={
            key: resolved_calendar(key, definition, today)
            for key, definition in organisation.calendars.items()
        },
        holidays_from=date(first, 1, 1),
        holidays_until=date(last, 12, 31),
    )


def resolved_calendar(
    key: str, definition: CalendarDefinition, today: date, holidays: frozenset[date] | None = None
) -> Calendar:
    """The calendar as clocks read it; ``holidays`` replaces those that the library knows."""
    if holidays is None and definition.country is not None:
        years = range(today.year - YEARS_BACK, today.year + YEARS_AHEAD + 1)
        holidays = public_holidays(definition.country, definition.subdivision, years)
    return Calendar.model_validate(
        {
            "key": key,
            "label": in_language(definition.label),
            "zone": definition.zone,
            "week": {day: [_segment(hours) for hours in opening] for day, opening in definition.week.items()},
            "holidays": (holidays or frozenset()).union(definition.closed_on),
        }
    )


def _segment(hours: OpeningHours) -> dict[str, Any]:
    return {"begin": hours.begin, "end": hours.end}
