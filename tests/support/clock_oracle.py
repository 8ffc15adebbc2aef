"""A second, slow opinion on business time: steps every minute on the UTC line, with integers only.

It shares nothing with the code under test but the wall clock of ``zoneinfo``, read once for each minute.
"""

from array import array
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

from steadydesk.contracts.calendar import Calendar, Segment, Week

RUNNING, PAUSED, STOPPED = 1, 2, 3
DAY = 1440

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Asia/Kolkata",
    "America/Sao_Paulo",  # changed its clocks at midnight
    "Pacific/Apia",  # had no 30 December 2011
    "America/St_Johns",  # changed its clocks at 00:01, back into the day before
)


@dataclass(frozen=True)
class Window:
    """A stretch of the UTC line; minutes count from its start."""

    start: datetime
    minutes: int

    def at(self, minute: int) -> datetime:
        return self.start + timedelta(minutes=minute)


@lru_cache(maxsize=64)
def wall_clock(zone: str, window: Window) -> "tuple[array[int], array[int]]":
    """The wall clock at each minute: the minute of the week, from Monday on, and the date as an ordinal."""
    local = [window.at(minute).astimezone(ZoneInfo(zone)) for minute in range(window.minutes)]
    week_minutes = array("H", [at.weekday() * DAY + at.hour * 60 + at.minute for at in local])
    return week_minutes, array("l", [at.toordinal() for at in local])


def open_minutes(calendar: Calendar, window: Window) -> bytes:
    """One byte for each minute of the window: 1 when the calendar is open."""
    week = bytearray(7 * DAY)
    for weekday, segments in enumerate(calendar.week.days):
        for segment in segments:
            begin, end = segment.minutes
            for minute in range(begin, end):
                week[weekday * DAY + minute] = 1
    closed = {day.toordinal() for day in calendar.holidays}
    week_minutes, dates = wall_clock(calendar.zone, window)
    return bytes(week[at] and day not in closed for at, day in zip(week_minutes, dates, strict=True))


def open_micros(opened: bytes, start: int, end: int) -> int:
    """Open microseconds between two microseconds of the window."""
    total = 0
    for minute in range(start // 60_000_000, (end - 1) // 60_000_000 + 1):
        if opened[minute]:
            total += min(end, (minute + 1) * 60_000_000) - max(start, minute * 60_000_000)
    return total


def minute_after(opened: bytes, start: int, duration: int) -> int | None:
    """The first minute at which ``duration`` open minutes have passed; None beyond the window."""
    minute = start
    while duration:
        if minute == len(opened):
            return None
        duration -= opened[minute]
        minute += 1
    return minute


def some_segments(random: Random) -> tuple[Segment, ...]:
    if random.random() < 0.2:
        return ()
    near_changes = (0, 1, 30, 60, 90, 120, 135, 150, 180, 200, 1380, 1410, DAY)
    pool = (*near_changes, *(random.randrange(DAY) for _ in range(6)), *range(480, 1081, 60))
    cuts = sorted(random.sample(sorted(set(pool)), 2 * random.randint(1, 3)))
    texts = [f"{minute // 60:02}:{minute % 60:02}" for minute in cuts]
    return tuple(Segment(begin=texts[at], end=texts[at + 1]) for at in range(0, len(texts), 2))


def some_calendar(random: Random, key: str, window: Window) -> Calendar:
    days = {day: some_segments(random) for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    days["wed"] = days["wed"] or (Segment(begin="09:00", end="17:00"),)
    first = window.start.date()
    holidays = frozenset(first + timedelta(days=random.randrange(40)) for _ in range(random.randrange(5)))
    return Calendar(key=key, label=key, zone=random.choice(ZONES), week=Week(**days), holidays=holidays)


@dataclass
class SteppedClock:
    """A service clock that lives through every minute; ``maps`` are the open minutes of each calendar."""

    maps: dict[str, bytes]
    target: int
    calendar: str
    thresholds: tuple[int, ...]
    now: int
    state: int = RUNNING
    counted: int = 0
    paused: int = 0
    fired: dict[int, int] = field(default_factory=dict[int, int])

    def __post_init__(self) -> None:
        self.length = len(next(iter(self.maps.values())))
        self.restart()

    def restart(self) -> None:
        self.ended: int | None = None
        self.begin = self.first = self.now
        self.counted = self.paused = 0
        self.fired = {}
        self.states = bytearray(self.length)
        self.calendars = [""] * self.length

    def step_to(self, minute: int) -> None:
        passed = minute - self.now
        self.states[self.now : minute] = bytes([self.state]) * passed
        self.calendars[self.now : minute] = [self.calendar] * passed
        opened, steps = self.maps[self.calendar], range(max(self.now, self.begin), minute)
        if self.state == PAUSED:
            self.paused += len(steps)
        if self.state == RUNNING:
            goal = self.goal()
            for at in steps:
                if opened[at]:
                    self.counted += 1
                    if self.counted >= goal:
                        self.now = at + 1
                        self.mark()
                        goal = self.goal()
        self.now = minute

    def goal(self) -> int:
        waiting = [threshold for threshold in self.thresholds if threshold not in self.fired]
        return min(waiting, default=10**6) * self.target // 100

    def mark(self) -> None:
        for threshold in self.thresholds:
            if threshold not in self.fired and self.counted * 100 >= threshold * self.target:
                self.fired[threshold] = self.now

    def retarget(self, target: int, calendar: str) -> None:
        if (target, calendar) != (self.target, self.calendar):
            self.target, self.calendar = target, calendar
            self.judge_again()

    def reschedule(self, begin: int) -> None:
        if begin == self.begin:
            return
        self.begin = begin
        known = self.calendars[self.first] or self.calendar
        for minute in range(begin, self.first):
            self.states[minute], self.calendars[minute] = RUNNING, known
        self.first = min(begin, self.first)
        past = range(begin, self.now)
        self.paused = sum(self.states[minute] == PAUSED for minute in past)
        running = (minute for minute in past if self.states[minute] == RUNNING)
        self.counted = sum(self.maps[self.calendars[minute]][minute] for minute in running)
        self.judge_again()

    def judge_again(self) -> None:
        """A change of terms takes back what is no longer reached and marks what now is."""
        reached = {mark: at for mark, at in self.fired.items() if self.counted * 100 >= mark * self.target}
        self.fired = reached
        self.mark()

    def due(self) -> int | None:
        """The minute of breach if it ran on from now; None beyond the window."""
        if 100 in self.fired:
            return self.fired[100]
        goes_on = max(self.now if self.ended is None else self.ended, self.begin)
        return minute_after(self.maps[self.calendar], goes_on, self.target - self.counted)

    def next_fired(self) -> tuple[int, int] | None:
        """The next threshold and its minute; None when none comes within the window."""
        waiting = [threshold for threshold in self.thresholds if threshold not in self.fired]
        if self.state != RUNNING or not waiting:
            return None
        needed = waiting[0] * self.target // 100 - self.counted
        at = minute_after(self.maps[self.calendar], max(self.now, self.begin), needed)
        return None if at is None else (waiting[0], at)
