"""Service clocks by cases: what each operation does to a clock, what it then reads, and what it refuses."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from steadydesk.contracts.calendar import Calendar, Segment, Week
from steadydesk.contracts.sla import ClockStage, SegmentKind, SlaClock, TargetKind
from steadydesk.policies.calendar import ALWAYS_OPEN, NeverOpensError
from steadydesk.policies.sla import (
    ClockError,
    ClockOrderError,
    ClockStageError,
    MissingCalendarError,
    ThresholdError,
    cancel,
    due_at,
    elapsed,
    fire,
    next_threshold,
    pause,
    paused_time,
    percent,
    remaining,
    reopen,
    reschedule,
    reset,
    resume,
    retarget,
    settle,
    start,
    stop,
)

DAY_SHIFT = (Segment(begin="08:00", end="16:00"),)
SHIFT = Calendar(
    key="shift",
    label="Day shift",
    zone="UTC",
    week=Week(mon=DAY_SHIFT, tue=DAY_SHIFT, wed=DAY_SHIFT, thu=DAY_SHIFT, fri=DAY_SHIFT),
)
NEVER = Calendar(key="never", label="Closed", zone="UTC", week=Week())
CALENDARS = {"shift": SHIFT, "always": ALWAYS_OPEN, "never": NEVER}
HOUR = timedelta(hours=1)


def at(hour: float, day: int = 11) -> datetime:
    """An hour of a day in May 2026, in which the 11th is a Monday."""
    return datetime(2026, 5, day, tzinfo=UTC) + timedelta(hours=hour)


def begun(target: float = 4, calendar: str = "shift", thresholds: tuple[int, ...] = (75, 100)) -> SlaClock:
    return start(TargetKind.RESOLUTION, target * HOUR, calendar, at(8), thresholds)


def marks(clock: SlaClock) -> dict[int, datetime]:
    return {mark.percent: mark.at for mark in clock.fired}


def test_a_running_clock_counts_on_its_calendar() -> None:
    clock = start(TargetKind.RESPONSE, 4 * HOUR, "shift", at(14, day=15))
    monday = at(9, day=18)
    assert elapsed(clock, SHIFT, monday) == 3 * HOUR
    assert remaining(clock, SHIFT, monday) == HOUR
    assert percent(clock, SHIFT, monday) == 75
    assert due_at(clock, SHIFT, monday) == at(10, day=18)
    assert next_threshold(clock, SHIFT, at(15, day=15)) == (75, monday)
    assert elapsed(clock, SHIFT, at(8, day=15)) == timedelta(0)


def test_a_pause_moves_the_due_time_and_nothing_fires_in_it() -> None:
    clock = pause(begun(), at(10), "awaiting-caller")
    assert clock.stage is ClockStage.PAUSED
    assert elapsed(clock, SHIFT, at(15)) == 2 * HOUR
    assert next_threshold(clock, SHIFT, at(15)) is None
    assert due_at(clock, SHIFT, at(13)) == at(15)
    clock = resume(clock, at(13))
    assert due_at(clock, SHIFT, at(14)) == at(15)
    assert paused_time(clock, at(20)) == 3 * HOUR
    assert [(part.kind, part.start, part.end, part.reason) for part in clock.segments] == [
        (SegmentKind.RUNNING, at(8), at(10), None),
        (SegmentKind.PAUSED, at(10), at(13), "awaiting-caller"),
        (SegmentKind.RUNNING, at(13), None, None),
    ]


@pytest.mark.parametrize(
    ("operation", "clock"),
    [
        (pause, pause(begun(), at(9))),
        (resume, begun()),
        (stop, stop(begun(), at(9))),
        (cancel, cancel(begun(), at(9))),
        (reopen, pause(begun(), at(9))),
    ],
)
def test_the_same_again_changes_nothing(
    operation: Callable[[SlaClock, datetime], SlaClock], clock: SlaClock
) -> None:
    assert operation(clock, at(10)) is clock


def test_thresholds_fire_at_the_instant_they_are_reached_however_late_it_is_noticed() -> None:
    clock = begun()
    assert settle(clock, SHIFT, at(10.9)) is clock
    late = settle(clock, SHIFT, at(15))
    assert marks(late) == {75: at(11), 100: at(12)}
    assert late.breached_at == at(12)
    assert settle(late, SHIFT, at(16)) is late
    step_by_step = fire(fire(clock, 75, at(11)), 100, at(12))
    assert step_by_step == late
    assert fire(late, 75, at(14)) is late


def test_a_clock_that_used_its_whole_target_has_breached_also_after_it_stopped() -> None:
    in_time = settle(stop(begun(), at(12) - timedelta(microseconds=1)), SHIFT, at(15))
    assert (in_time.has_breached, percent(in_time, SHIFT, at(15))) == (False, 99)
    assert due_at(in_time, SHIFT, at(15)) == at(12)
    too_late = stop(begun(), at(12))
    assert next_threshold(too_late, SHIFT, at(15)) == (75, at(11))
    assert settle(too_late, SHIFT, at(15)).breached_at == at(12)


def test_the_time_between_completion_and_reopening_is_neither_used_nor_paused() -> None:
    clock = reopen(stop(begun(), at(9)), at(11))
    assert clock.stage is ClockStage.IN_PROGRESS
    assert elapsed(clock, SHIFT, at(12)) == 2 * HOUR
    assert paused_time(clock, at(12)) == timedelta(0)
    assert due_at(clock, SHIFT, at(12)) == at(14)


def test_a_reset_begins_a_new_cycle_and_keeps_a_pause() -> None:
    clock = reset(settle(begun(), SHIFT, at(13)), at(13))
    assert (clock.cycle, clock.fired, elapsed(clock, SHIFT, at(14))) == (2, (), HOUR)
    paused = reset(pause(clock, at(14), "awaiting-vendor"), at(15))
    assert (paused.stage, paused.segments[0].reason) == (ClockStage.PAUSED, "awaiting-vendor")
    assert reset(stop(clock, at(14)), at(15)).stage is ClockStage.IN_PROGRESS


def test_a_changed_target_keeps_used_and_paused_time() -> None:
    clock = resume(pause(begun(), at(9)), at(10))
    longer = retarget(clock, SHIFT, at(11), target=8 * HOUR)
    assert elapsed(longer, SHIFT, at(11)) == elapsed(clock, SHIFT, at(11)) == 2 * HOUR
    assert paused_time(longer, at(11)) == HOUR
    assert due_at(longer, SHIFT, at(11)) == at(9, day=12)


def test_a_longer_target_takes_back_marks_that_fire_again_in_their_turn() -> None:
    breached = settle(begun(), SHIFT, at(13))
    longer = retarget(breached, SHIFT, at(13), target=8 * HOUR)
    assert not longer.fired
    assert next_threshold(longer, SHIFT, at(13)) == (75, at(14))


def test_a_shorter_target_breaches_when_it_is_set_not_before() -> None:
    clock = retarget(begun(8), SHIFT, at(12), target=2 * HOUR)
    assert next_threshold(clock, SHIFT, at(12)) == (75, at(12))
    assert settle(clock, SHIFT, at(12)).breached_at == at(12)


def test_a_changed_calendar_counts_from_then_on() -> None:
    clock = retarget(begun(10), CALENDARS, at(20), calendar="always")
    assert elapsed(clock, CALENDARS, at(20)) == 8 * HOUR
    assert due_at(clock, CALENDARS, at(20)) == at(22)
    paused = retarget(pause(begun(10), at(10), "awaiting-caller"), CALENDARS, at(12), calendar="always")
    assert (paused.stage, paused.segments[-1].reason) == (ClockStage.PAUSED, "awaiting-caller")
    assert due_at(paused, CALENDARS, at(20)) == at(4, day=12)


def test_the_same_terms_are_no_change() -> None:
    clock = begun()
    assert retarget(clock, CALENDARS, at(9), target=4 * HOUR, calendar="shift") is clock
    assert reschedule(clock, CALENDARS, at(9), at(8)) is clock


def test_a_moved_start_counts_from_there() -> None:
    earlier = reschedule(pause(begun(), at(9)), CALENDARS, at(10), at(14, day=8))
    assert elapsed(earlier, SHIFT, at(10)) == 3 * HOUR
    assert settle(earlier, SHIFT, at(10)).fired[0].at == at(10)
    later = reschedule(earlier, SHIFT, at(10), at(8, day=12))
    assert (elapsed(later, SHIFT, at(12)), later.fired) == (timedelta(0), ())
    back = reschedule(later, SHIFT, at(11), at(8))
    assert (elapsed(back, SHIFT, at(12)), paused_time(back, at(12))) == (HOUR, 3 * HOUR)


def test_a_start_to_come_counts_nothing_and_may_still_be_cancelled() -> None:
    clock = reschedule(begun(), SHIFT, at(8), at(8, day=13))
    assert due_at(clock, SHIFT, at(9)) == at(12, day=13)
    assert elapsed(clock, SHIFT, at(9)) == timedelta(0)
    cancelled = cancel(clock, at(9), "converted")
    assert (cancelled.stage, cancelled.cancel_reason) == (ClockStage.CANCELLED, "converted")
    assert due_at(cancelled, SHIFT, at(9)) is None
    assert next_threshold(cancelled, SHIFT, at(9)) is None


def test_a_fraction_of_a_threshold_rounds_up_to_the_microsecond() -> None:
    clock = start(TargetKind.UPDATE, timedelta(microseconds=3), "shift", at(8), (50,))
    assert clock.thresholds == (50, 100)
    assert next_threshold(clock, SHIFT, at(8)) == (50, at(8) + timedelta(microseconds=2))
    assert percent(clock, SHIFT, at(8) + timedelta(microseconds=2)) == 66


def test_a_clock_on_a_calendar_that_never_opens_can_end_and_be_moved_off_it() -> None:
    clock = begun(calendar="never")
    with pytest.raises(NeverOpensError):
        due_at(clock, NEVER, at(9))
    assert elapsed(stop(clock, at(9)), NEVER, at(9)) == timedelta(0)
    assert due_at(retarget(clock, CALENDARS, at(9), calendar="shift"), CALENDARS, at(9)) == at(13)


DONE, GONE = stop(begun(), at(9)), cancel(begun(), at(9))


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda: pause(DONE, at(10)), ClockStageError, "cannot pause a clock that is completed"),
        (lambda: resume(GONE, at(10)), ClockStageError, "cannot resume a clock that is cancelled"),
        (lambda: stop(GONE, at(10)), ClockStageError, "cannot stop a clock that is cancelled"),
        (lambda: cancel(DONE, at(10)), ClockStageError, "cannot cancel a clock that is completed"),
        (lambda: reopen(GONE, at(10)), ClockStageError, "cannot reopen a clock that is cancelled"),
        (lambda: reset(GONE, at(10)), ClockStageError, "cannot reset a clock that is cancelled"),
        (lambda: retarget(DONE, SHIFT, at(10), target=HOUR), ClockStageError, "cannot retarget"),
        (lambda: reschedule(DONE, SHIFT, at(10), at(7)), ClockStageError, "cannot reschedule"),
        (
            lambda: stop(pause(begun(), at(10)), at(9)),
            ClockOrderError,
            "09:00:00.* precedes the last change, at .*10:00",
        ),
        (lambda: pause(begun(), at(7)), ClockOrderError, "precedes the last change"),
        (lambda: fire(DONE, 75, at(11)), ClockOrderError, "75 % at .*11:00.* outside the time"),
        (lambda: fire(begun(), 75, at(7)), ClockOrderError, "outside the time"),
        (lambda: fire(reset(begun(), at(13)), 75, at(11)), ClockOrderError, "outside the time"),
        (lambda: fire(begun(), 80, at(9)), ThresholdError, r"80 % is none of the thresholds \(75, 100\)"),
        (lambda: retarget(begun(), SHIFT, at(9), target=-HOUR), ClockError, "must be longer than"),
        (lambda: elapsed(begun(), ALWAYS_OPEN, at(9)), MissingCalendarError, "'shift', which was not given"),
        (
            lambda: elapsed(begun(), {"other": SHIFT}, at(9)),
            MissingCalendarError,
            "'shift', which was not given",
        ),
        (lambda: pause(begun(), datetime(2026, 5, 11)), ClockError, "no zone"),  # noqa: DTZ001
    ],
)
def test_what_a_clock_refuses_says_why(attempt: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        attempt()
