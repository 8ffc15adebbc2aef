"""Rules on durations: that what counts them can begin, and ends in a time that somebody lives to see."""

from collections.abc import Iterator
from datetime import time, timedelta

from pydantic import BaseModel

from steadydesk.configuration.inspection import Inspection
from steadydesk.configuration.problem import Path, Severity
from steadydesk.configuration.rules.registry import Finding, rule
from steadydesk.contracts.organisation import CalendarDefinition

_LONGEST = timedelta(days=3660)
_LONGEST_WORDS = "ten years"
_WEEK = timedelta(days=7)
_BACKWARDS_TOO = "offset"
_SOME_TIME = frozenset({"timeout", "due", "decide_within", "resubmit_within"})
"""Of nothing, each would have ended before anybody could act."""
_ON_CALENDAR = frozenset({"promise", "due", "ask_limit", "resubmit_within", "reopen_window", "decide_within"})


@rule("C905", Severity.ERROR, "A duration that no clock reaches the end of")
def endless_durations(inspection: Inspection) -> Iterator[Finding]:
    """What counts it would wait for longer than ten years, with the opening hours of the entry's calendar."""
    organisation = inspection.organisation
    entries = {"catalog": organisation.catalog, "approval_policies": organisation.approval_policies}
    for section, keyed in entries.items():
        for key, entry in keyed.items():
            calendar = organisation.calendars.get(entry.calendar)
            share = _open_share(calendar) if calendar is not None else 1.0
            for path, duration in _durations(entry, (section, key)):
                on_calendar = path[-1] in _ON_CALENDAR
                reached = _LONGEST * share if on_calendar else _LONGEST
                if duration > reached:
                    where = f" on the calendar '{entry.calendar}'" if on_calendar else ""
                    yield Finding(
                        path, f"it would last longer than {_LONGEST_WORDS}{where}; write a shorter one"
                    )


@rule("C906", Severity.ERROR, "A duration of less than nothing, or of nothing where time is needed")
def impossible_durations(inspection: Inspection) -> Iterator[Finding]:
    """No clock counts it and no call ends in it: whatever meets it would stand still."""
    organisation = inspection.organisation
    entries = {"catalog": organisation.catalog, "approval_policies": organisation.approval_policies}
    for section, keyed in entries.items():
        for path, duration in _durations(keyed, (section,)):
            if duration < timedelta() and path[-1] != _BACKWARDS_TOO:
                yield Finding(path, f"'{path[-1]}' cannot be less than nothing")
            elif not duration and path[-1] in _SOME_TIME:
                yield Finding(path, f"'{path[-1]}' must be longer than nothing")


@rule("C907", Severity.ERROR, "A first pause that is longer than the longest")
def contrary_pauses(inspection: Inspection) -> Iterator[Finding]:
    """The pause between two attempts grows from 'first' up to 'longest', which is a minute where it is not given."""
    for path, _, step in inspection.steps():
        if step.retry.first > step.retry.longest:
            yield Finding(
                (*path, "retry", "first"), "'first' is longer than 'longest'; write a longer 'longest'"
            )


def _open_share(calendar: CalendarDefinition) -> float:
    """The part of a week for which the calendar is open; all of it for one that never is, of which C902 tells."""
    opened = sum(
        (_at(hours.end) - _at(hours.begin) for day in calendar.week.values() for hours in day), timedelta()
    )
    return min(1.0, opened / _WEEK) if opened > timedelta() else 1.0


def _at(of_day: time | str) -> timedelta:
    """Since midnight; ``24:00`` is the next one."""
    if isinstance(of_day, str):
        return timedelta(days=1)
    return timedelta(hours=of_day.hour, minutes=of_day.minute, seconds=of_day.second)


def _durations(value: object, path: Path) -> Iterator[tuple[Path, timedelta]]:
    if isinstance(value, timedelta):
        yield path, value
    elif isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            yield from _durations(getattr(value, name), (*path, info.alias or name))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _durations(inner, (*path, str(key)))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _durations(inner, (*path, position))
