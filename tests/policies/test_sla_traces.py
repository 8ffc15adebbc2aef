"""Random lives of service clocks, over zones whose clocks change, against the minute-by-minute oracle.

``--full`` (``make proofs``) runs all of them; ``STEADYDESK_PROOF_SEED`` sets another seed.
"""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from steadydesk.contracts.calendar import Calendar
from steadydesk.contracts.sla import (
    ClockCancelled,
    ClockEvent,
    ClockPaused,
    ClockReopened,
    ClockRescheduled,
    ClockReset,
    ClockResumed,
    ClockRetargeted,
    ClockStage,
    ClockStarted,
    ClockStopped,
    SlaClock,
    TargetKind,
    ThresholdFired,
)
from steadydesk.policies.sla import (
    apply,
    due_at,
    elapsed,
    fire,
    next_threshold,
    paused_time,
    percent,
    recompute,
    remaining,
    settle,
)
from tests.support import clock_oracle as oracle

CASES = 100_000
SLICE = 2_000
SEED = os.environ.get("STEADYDESK_PROOF_SEED", "20261107")
BATCH = 20
DAY = 1440
WINDOWS = (
    oracle.Window(datetime(2026, 3, 1, tzinfo=UTC), 42 * DAY),
    oracle.Window(datetime(2026, 9, 25, tzinfo=UTC), 42 * DAY),
    oracle.Window(datetime(2018, 2, 10, tzinfo=UTC), 34 * DAY),
    oracle.Window(datetime(2018, 10, 25, tzinfo=UTC), 30 * DAY),
    oracle.Window(datetime(2011, 12, 20, tzinfo=UTC), 25 * DAY),
    oracle.Window(datetime(2010, 11, 1, tzinfo=UTC), 25 * DAY),
)


@dataclass
class Life:
    """One clock, lived twice: by the events of the code under test and by the oracle's minutes."""

    random: Random
    window: "oracle.Window"
    calendars: dict[str, Calendar]
    clock: SlaClock
    stepped: "oracle.SteppedClock"
    events: list[ClockEvent] = field(default_factory=list[ClockEvent])

    @property
    def now(self) -> datetime:
        return self.window.at(self.stepped.now)

    def happen(self, event: ClockEvent) -> None:
        self.clock = apply(self.clock, event, self.calendars)
        self.events.append(event)

    def timer(self) -> None:
        """What a worker does when it wakes, however late: fire what is due."""
        while (due := next_threshold(self.clock, self.calendars, self.now)) and due[1] <= self.now:
            self.clock = fire(self.clock, *due)
            self.events.append(ThresholdFired(percent=due[0], at=due[1]))

    def pause(self) -> None:
        self.stepped.state = oracle.PAUSED
        self.happen(ClockPaused(at=self.now, reason="awaiting-caller"))

    def resume(self) -> None:
        self.stepped.state = oracle.RUNNING
        self.happen(ClockResumed(at=self.now))

    def stop(self) -> None:
        self.stepped.state = oracle.STOPPED
        if self.stepped.ended is None:
            self.stepped.ended = self.stepped.now
        self.happen(ClockStopped(at=self.now))

    def reopen(self) -> None:
        self.stepped.state, self.stepped.ended = oracle.RUNNING, None
        self.happen(ClockReopened(at=self.now))

    def cancel(self) -> None:
        self.stepped.state = oracle.STOPPED
        self.happen(ClockCancelled(at=self.now))

    def reset(self) -> None:
        paused = self.clock.stage is ClockStage.PAUSED
        self.stepped.state = oracle.PAUSED if paused else oracle.RUNNING
        self.stepped.restart()
        self.happen(ClockReset(at=self.now))

    def retarget(self) -> None:
        target = self.random.choice((self.stepped.target, some_target(self.random)))
        calendar = self.random.choice(list(self.calendars))
        self.stepped.retarget(target, calendar)
        self.happen(ClockRetargeted(at=self.now, target=timedelta(minutes=target), calendar=calendar))

    def reschedule(self) -> None:
        begin = max(0, self.stepped.now + self.random.randint(-3 * DAY, DAY))
        self.stepped.reschedule(begin)
        self.happen(ClockRescheduled(at=self.now, started_at=self.window.at(begin)))

    def act(self) -> None:
        if self.clock.stage is ClockStage.COMPLETED:
            act = self.random.choice((self.reopen, self.reopen, self.reset, self.stop))
        else:
            move = self.resume if self.random.random() < 0.5 else self.pause
            changes = (self.retarget, self.retarget, self.reschedule, self.reset, self.stop, self.cancel)
            act = self.random.choices((move, *changes), weights=(10, 3, 3, 2, 1, 2, 0.3))[0]
        act()

    def pass_time(self) -> None:
        most = self.window.minutes - DAY - self.stepped.now
        length = int(2 ** self.random.uniform(0, 12.5)) - 1
        self.stepped.step_to(self.stepped.now + min(most, length))


def some_target(random: Random) -> int:
    """A multiple of 20 minutes: each threshold, a multiple of 5 %, falls on a whole minute."""
    return 20 * int(2 ** random.uniform(0, 9))


def begun(
    random: Random, window: "oracle.Window", calendars: dict[str, Calendar], maps: dict[str, bytes]
) -> Life:
    thresholds = random.choice(((75, 100), (50, 75, 100), (10, 90, 100, 125, 300)))
    target, calendar = some_target(random), random.choice(list(calendars))
    now = random.randrange(2 * DAY, window.minutes - 8 * DAY)
    stepped = oracle.SteppedClock(maps, target, calendar, thresholds, now)
    started = ClockStarted(
        at=window.at(now),
        kind=random.choice(list(TargetKind)),
        target=timedelta(minutes=target),
        calendar=calendar,
        thresholds=thresholds,
    )
    return Life(random, window, calendars, recompute([started], calendars), stepped, [started])


def assert_reads_alike(life: Life) -> None:
    now, stepped, calendars = life.now, life.stepped, life.calendars
    clock = settle(life.clock, calendars, now)
    used = timedelta(minutes=stepped.counted)
    assert elapsed(clock, calendars, now) == used
    assert remaining(clock, calendars, now) == timedelta(minutes=stepped.target) - used
    assert percent(clock, calendars, now) == stepped.counted * 100 // stepped.target
    assert paused_time(clock, now) == timedelta(minutes=stepped.paused)
    assert {mark.percent: mark.at for mark in clock.fired} == {
        mark: life.window.at(minute) for mark, minute in stepped.fired.items()
    }
    assert clock.has_breached == (stepped.counted >= stepped.target)
    if clock.stage is not ClockStage.CANCELLED:
        assert_expects_alike(life, clock)


def assert_expects_alike(life: Life, clock: SlaClock) -> None:
    beyond = life.window.at(life.window.minutes)
    due, expected = due_at(clock, life.calendars, life.now), life.stepped.due()
    assert due is not None
    assert due == life.window.at(expected) if expected is not None else due >= beyond
    following, expected_next = next_threshold(clock, life.calendars, life.now), life.stepped.next_fired()
    if expected_next is not None:
        assert following == (expected_next[0], life.window.at(expected_next[1]))
    else:
        assert following is None or following[1] >= beyond


def assert_follows_from_its_events(life: Life) -> None:
    assert recompute(life.events, life.calendars) == life.clock
    without_marks = [event for event in life.events if not isinstance(event, ThresholdFired)]
    recomputed = settle(recompute(without_marks, life.calendars), life.calendars, life.now)
    assert recomputed == settle(life.clock, life.calendars, life.now)
    assert SlaClock.model_validate_json(life.clock.model_dump_json()) == life.clock


def live(life: Life) -> None:
    for _ in range(life.random.randint(1, 12)):
        life.pass_time()
        if life.random.random() < 0.5:
            life.timer()
        life.act()
        assert elapsed(life.clock, life.calendars, life.now) == timedelta(minutes=life.stepped.counted)
        if life.clock.stage is ClockStage.CANCELLED:
            break
    life.pass_time()
    assert_reads_alike(life)
    assert_follows_from_its_events(life)


def live_batch(first: int) -> None:
    """Traces that share three calendars, because the oracle reads each of their minutes."""
    shared = Random(f"{SEED}:calendars:{first}")
    window = shared.choice(WINDOWS)
    calendars = {key: oracle.some_calendar(shared, key, window) for key in ("first", "second", "third")}
    maps = {key: oracle.open_minutes(calendar, window) for key, calendar in calendars.items()}
    for number in range(first, first + BATCH):
        try:
            live(begun(Random(f"{SEED}:{number}"), window, calendars, maps))
        except Exception as error:
            error.add_note(f"trace {number} of seed {SEED}")
            raise


@pytest.mark.proof
def test_every_clock_reads_what_the_oracle_steps_and_follows_from_its_events(full: bool) -> None:
    cases = CASES if full else SLICE
    for first in range(0, cases, BATCH):
        live_batch(first)
    print(f"{cases} traces over {len(oracle.ZONES)} zones, seed {SEED}: clock = oracle")
