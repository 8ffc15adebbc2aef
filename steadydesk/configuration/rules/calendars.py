"""Rules on calendars and zones: open sometimes, in a zone and a country that exist."""

from collections.abc import Iterator
from zoneinfo import available_timezones

from pydantic import ValidationError

from steadydesk.configuration.inspection import Inspection
from steadydesk.configuration.problem import Severity
from steadydesk.configuration.public_holidays import UnknownPlaceError, public_holidays
from steadydesk.configuration.resolution import resolved_calendar
from steadydesk.configuration.rules.registry import Finding, rule


@rule("C901", Severity.ERROR, "A calendar that cannot be used")
def unusable_calendars(inspection: Inspection) -> Iterator[Finding]:
    """Its zone must exist and its opening hours must not overlap."""
    for key, definition in inspection.organisation.calendars.items():
        try:
            resolved_calendar(key, definition, inspection.today, holidays=frozenset())
        except ValidationError as error:
            for fault in error.errors(include_url=False, include_input=False):
                loc = tuple(part for part in fault["loc"] if part != "definition")
                yield Finding(("calendars", key, *loc), fault["msg"].removeprefix("Value error, "))


@rule("C902", Severity.ERROR, "A calendar that never opens")
def closed_calendars(inspection: Inspection) -> Iterator[Finding]:
    """A clock on it would never reach its end."""
    for key, definition in inspection.organisation.calendars.items():
        if not any(definition.week.values()):
            yield Finding(("calendars", key, "week"), "the calendar is closed on every day of the week")


@rule("C903", Severity.ERROR, "A country or subdivision without known holidays")
def unknown_countries(inspection: Inspection) -> Iterator[Finding]:
    """Holidays are resolved when a configuration is applied; 'closed_on' lists those that nobody knows."""
    for key, definition in inspection.organisation.calendars.items():
        if definition.country is None:
            continue
        try:
            public_holidays(definition.country, definition.subdivision, [inspection.today.year])
        except UnknownPlaceError as error:
            yield Finding(("calendars", key, error.field), error.message)


@rule("C904", Severity.ERROR, "An organisation in a zone that does not exist")
def unknown_zone(inspection: Inspection) -> Iterator[Finding]:
    """Mails and pages show times in it where a reader has no zone of their own."""
    zone = inspection.organisation.organisation.zone
    if zone not in available_timezones():
        yield Finding(("organisation", "zone"), f"unknown time zone '{zone}'; write an IANA name")
