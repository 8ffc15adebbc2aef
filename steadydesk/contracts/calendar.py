"""A business calendar, ready for arithmetic: week, holidays and zone, with every source already resolved."""

from collections.abc import Iterable
from datetime import date, time
from difflib import get_close_matches
from itertools import pairwise
from typing import Annotated, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    BeforeValidator,
    Field,
    StringConstraints,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from steadydesk.contracts.base import Contract

MIDNIGHT = 24 * 60
"""Minutes of a day; as an end, 24:00."""

CalendarKey = Annotated[str, StringConstraints(min_length=1, max_length=128)]
"""The name by which a clock refers to a calendar; a variant may carry its zone: ``office@Asia/Kolkata``."""


def minute_of_day(text: str) -> int:
    """Minutes since local midnight of ``HH:MM``, 00:00 to 24:00. Anything else: ValueError."""
    hours, colon, minutes = text.partition(":")
    if not (
        colon
        and len(hours) == len(minutes) == 2
        and (hours + minutes).isascii()
        and (hours + minutes).isdigit()
    ):
        raise ValueError(text)
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > MIDNIGHT:
        raise ValueError(text)
    return total


def _wall_time(value: object) -> str:
    if isinstance(value, time) and not (value.second or value.microsecond or value.tzinfo):
        return f"{value:%H:%M}"
    try:
        minute_of_day(str(value))
    except ValueError:
        raise PydanticCustomError(
            "wall_time",
            "write a time of day as HH:MM from 00:00 to 24:00, not '{value}'",
            {"value": str(value)},
        ) from None
    return str(value)


WallTime = Annotated[str, BeforeValidator(_wall_time)]
"""A local time of day, ``HH:MM``, 00:00 to 24:00; a whole-minute ``datetime.time`` is taken too."""


class Segment(Contract):
    """Open from ``begin`` until just before ``end``, both read from the wall clock of the calendar's zone."""

    begin: WallTime
    end: WallTime

    @property
    def minutes(self) -> tuple[int, int]:
        """Begin and end in minutes since local midnight, 0 to 1440."""
        return minute_of_day(self.begin), minute_of_day(self.end)

    def __str__(self) -> str:
        return f"{self.begin}-{self.end}"

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        begin, end = self.minutes
        if begin >= end:
            raise PydanticCustomError(
                "segment_order",
                "{segment} does not end after it begins; write a night as two segments: until 24:00, "
                "and from 00:00 on the next day",
                {"segment": str(self)},
            )
        return self


def _without_overlap(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    ordered = tuple(sorted(segments, key=lambda segment: segment.minutes))
    for earlier, later in pairwise(ordered):
        if later.minutes[0] < earlier.minutes[1]:
            raise PydanticCustomError(
                "segments_overlap",
                "{earlier} and {later} overlap on one day",
                {"earlier": str(earlier), "later": str(later)},
            )
    return ordered


class Week(Contract):
    """The segments of each weekday, in order; a day without any is closed. They may touch, not overlap."""

    mon: tuple[Segment, ...] = ()
    tue: tuple[Segment, ...] = ()
    wed: tuple[Segment, ...] = ()
    thu: tuple[Segment, ...] = ()
    fri: tuple[Segment, ...] = ()
    sat: tuple[Segment, ...] = ()
    sun: tuple[Segment, ...] = ()

    @field_validator("*")
    @classmethod
    def _in_order(cls, segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
        return _without_overlap(segments)

    @property
    def days(self) -> tuple[tuple[Segment, ...], ...]:
        """Seven tuples, Monday first, as ``date.weekday()`` counts."""
        return self.mon, self.tue, self.wed, self.thu, self.fri, self.sat, self.sun


def _known_zone(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (ValueError, LookupError, OSError):  # a folder of the database, such as "America", is an OSError
        near = get_close_matches(zone, available_timezones(), n=1)
        hint = f"; did you mean '{near[0]}'?" if near else "; write an IANA name such as Europe/Berlin"
        raise PydanticCustomError(
            "zone", "unknown time zone '{zone}'{hint}", {"zone": zone, "hint": hint}
        ) from None
    return zone


class Calendar(Contract):
    """Open at an instant exactly when the wall clock of ``zone`` then reads a time inside a segment of that
    weekday, on a date that is no holiday. So a segment across a change of the clocks has its real elapsed
    length.
    """

    key: CalendarKey
    label: str
    zone: str = Field(description="IANA name, such as Europe/Berlin.")
    week: Week
    holidays: frozenset[date] = frozenset()
    version: str | None = Field(default=None, description="Digest of the configuration that it comes from.")

    def __hash__(self) -> int:
        # Memos look a calendar up at each call: to hash the whole week would cost more than the arithmetic.
        return hash((self.key, self.zone, self.version))

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        return _known_zone(zone)

    @field_serializer("holidays")
    def _sorted(self, holidays: frozenset[date]) -> list[date]:
        # The order of a set differs between processes; a stored calendar must have one digest.
        return sorted(holidays)
