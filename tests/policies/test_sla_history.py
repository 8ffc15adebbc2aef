"""Service clocks as a function of their events, and as stored: what makes no clock is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from steadydesk.contracts.calendar import Calendar, Segment, Week
from steadydesk.contracts.sla import (
    ClockEvent,
    ClockPaused,
    ClockRescheduled,
    ClockRetargeted,
    ClockStarted,
    ClockStopped,
    SlaClock,
    TargetKind,
    ThresholdFired,
)
from steadydesk.policies.calendar import ALWAYS_OPEN
from steadydesk.policies.sla import (
    ClockOrderError,
    fire,
    pause,
    recompute,
    reschedule,
    resume,
    retarget,
    start,
)

HOUR = timedelta(hours=1)
SHIFT = Calendar(
    key="shift", label="Mondays", zone="UTC", week=Week(mon=(Segment(begin="08:00", end="16:00"),))
)
CALENDARS = {"shift": SHIFT, "always": ALWAYS_OPEN}


def at(hour: float) -> datetime:
    """An hour of Monday, 11 May 2026."""
    return datetime(2026, 5, 11, tzinfo=UTC) + timedelta(hours=hour)


def begun() -> SlaClock:
    return start(TargetKind.PROMISE, 4 * HOUR, "shift", at(8))


STARTED = ClockStarted(at=at(8), kind=TargetKind.PROMISE, target=4 * HOUR, calendar="shift")


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([], "begins with the event 'started', not with none"),
        ([ClockStopped(at=at(9))], "not with stopped"),
        ([STARTED, STARTED], "'started' again at 2026-05-11T08:00"),
    ],
)
def test_events_that_make_no_clock_say_why(events: list[ClockEvent], message: str) -> None:
    with pytest.raises(ClockOrderError, match=message):
        recompute(events, SHIFT)


def test_events_read_from_json_make_the_clock_that_the_operations_make() -> None:
    events = [
        STARTED,
        ThresholdFired(at=at(11), percent=75),
        ClockPaused(at=at(11.5), reason="awaiting-caller"),
        ClockRetargeted(at=at(12), calendar="always"),
        ClockRescheduled(at=at(13), started_at=at(9)),
    ]
    stored = TypeAdapter(list[ClockEvent])
    recomputed = recompute(stored.validate_json(stored.dump_json(events)), CALENDARS)
    lived = fire(begun(), 75, at(11))
    lived = retarget(pause(lived, at(11.5), "awaiting-caller"), CALENDARS, at(12), calendar="always")
    lived = reschedule(lived, CALENDARS, at(13), at(9))
    assert recomputed == lived == SlaClock.model_validate_json(lived.model_dump_json())
    assert not lived.fired


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": timedelta(0)}, "greater than 0"),
        ({"thresholds": (0,)}, "greater than or equal to 1"),
        ({"started_at": "2026-05-11T08:00:00"}, "should have timezone"),
        ({"stage": "completed"}, "a clock that is completed has the wrong last segment"),
        ({"segments": ()}, "a clock that is in_progress has the wrong last segment"),
        ({"speed": 2}, "Extra inputs"),
    ],
)
def test_a_stored_clock_that_cannot_be_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SlaClock.model_validate(begun().model_dump() | change)


def test_segments_follow_each_other_without_a_gap() -> None:
    clock = resume(pause(begun(), at(9)), at(10))
    with pytest.raises(
        ValidationError, match=r"from 2026-05-11T10:00.* does not begin where the one before it ends"
    ):
        SlaClock.model_validate(clock.model_dump() | {"segments": (clock.segments[0], clock.segments[2])})
