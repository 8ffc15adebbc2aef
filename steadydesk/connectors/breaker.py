"""When a target that keeps failing is left alone. Pure: the state is stored by the caller, per target."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from steadydesk.connectors.errors import OutcomeUnknown, Unavailable


class BreakerPhase(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """`failures` in a row open the breaker for `pause`, twice as long at each re-opening up to
    `longest_pause`. When the pause is over, up to `trials` calls are tried one by one, `between` apart: the first
    success closes it, so that a target which fails now and then is not left alone for long. A trial that never
    reports (its worker died) is given up after `trial_time`.
    """

    failures: int = 5
    trials: int = 3
    between: timedelta = timedelta(seconds=2)
    pause: timedelta = timedelta(seconds=30)
    longest_pause: timedelta = timedelta(minutes=15)
    trial_time: timedelta = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class BreakerState:
    """`until` is the end of the pause when open, the end of the trial when half open, else None.
    `failures` counts those in a row when closed, and the failed trials since the pause otherwise; `openings` the
    openings since the last success. All instants are aware.
    """

    phase: BreakerPhase = BreakerPhase.CLOSED
    failures: int = 0
    openings: int = 0
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """`state` is to be stored before the call is made; `wait` is set when the call is not allowed."""

    allowed: bool
    state: BreakerState
    wait: timedelta = timedelta(0)


def admit(state: BreakerState, policy: BreakerPolicy, now: datetime) -> Admission:
    """Whether a call may be made now. Decide and store under one lock, so that one trial stays one."""
    if state.phase is BreakerPhase.CLOSED or state.until is None:
        return Admission(allowed=True, state=state)
    if now < state.until:
        return Admission(allowed=False, state=state, wait=state.until - now)
    trial = replace(state, phase=BreakerPhase.HALF_OPEN, until=now + policy.trial_time)
    return Admission(allowed=True, state=trial)


def after_success(state: BreakerState) -> BreakerState:
    """State after the remote answered, a refusal included. While open it stays: the answer belongs to a
    call from before the opening and says nothing of now.
    """
    return state if state.phase is BreakerPhase.OPEN else BreakerState()


def after_failure(
    state: BreakerState, policy: BreakerPolicy, now: datetime, retry_after: timedelta | None = None
) -> BreakerState:
    """State after Unavailable or OutcomeUnknown. A remote's own `retry_after` opens at once, for at least
    that long.
    """
    if state.phase is BreakerPhase.OPEN and retry_after is None:
        return state
    failures = state.failures + 1
    trying = state.phase is BreakerPhase.HALF_OPEN
    tripped = failures >= (policy.trials if trying else policy.failures)
    if not tripped and retry_after is None:
        if not trying:
            return replace(state, failures=failures)
        return BreakerState(BreakerPhase.OPEN, failures, state.openings, now + policy.between)
    pause = _pause(policy, state.openings) if tripped else timedelta(0)
    until = now + max(pause, retry_after or timedelta(0))
    if state.phase is BreakerPhase.OPEN and state.until is not None:
        return replace(state, until=max(state.until, until))
    tried = failures if trying and not tripped else 0
    return BreakerState(BreakerPhase.OPEN, tried, state.openings + tripped, until)


def counts_as_failure(error: Exception) -> bool:
    """A remote that refuses is alive; one that is away or loses its answer is not."""
    return isinstance(error, Unavailable | OutcomeUnknown)


def _pause(policy: BreakerPolicy, openings: int) -> timedelta:
    # The exponent is capped because a target may be away for weeks and timedelta overflows at 2**40 s.
    return min(policy.pause * 2 ** min(openings, 20), policy.longest_pause)
