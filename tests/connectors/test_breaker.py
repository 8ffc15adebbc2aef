from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from steadydesk.connectors.breaker import (
    BreakerPhase,
    BreakerPolicy,
    BreakerState,
    admit,
    after_failure,
    after_success,
    counts_as_failure,
)
from steadydesk.connectors.errors import BadConfiguration, Blocked, OutcomeUnknown, Refused, Unavailable

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
POLICY = BreakerPolicy(failures=3, pause=10 * SECOND, longest_pause=60 * SECOND, trial_time=5 * SECOND)


def opened(state: BreakerState, now: datetime = START) -> BreakerState:
    for _ in range(POLICY.failures):
        state = after_failure(state, POLICY, now)
    return state


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    state = BreakerState()
    for _ in range(2):
        state = after_failure(state, POLICY, START)
        assert admit(state, POLICY, START).allowed
    state = after_failure(after_success(state), POLICY, START)
    assert state.failures == 1
    state = opened(BreakerState())
    admission = admit(state, POLICY, START + 4 * SECOND)
    assert (admission.allowed, admission.wait, admission.state) == (False, 6 * SECOND, state)


def end_of(state: BreakerState) -> datetime:
    assert state.until is not None
    return state.until


def failed_trial(state: BreakerState, now: datetime) -> BreakerState:
    trial = admit(state, POLICY, now)
    assert trial.allowed
    assert trial.state.phase is BreakerPhase.HALF_OPEN
    assert not admit(trial.state, POLICY, now).allowed, "one trial at a time"
    assert after_success(trial.state) == BreakerState()
    return after_failure(trial.state, POLICY, now)


def test_some_trials_after_the_pause_decide() -> None:
    state, now = opened(BreakerState()), START + 10 * SECOND
    for _ in range(2):
        state = failed_trial(state, now)
        assert end_of(state) == now + 2 * SECOND
        now = end_of(state)
    state = failed_trial(state, now)
    assert end_of(state) == now + 20 * SECOND
    assert end_of(failed_trial(state, end_of(state))) == now + 22 * SECOND


def test_a_trial_whose_worker_died_is_given_up() -> None:
    trial = admit(opened(BreakerState()), POLICY, START + 10 * SECOND)
    next_trial = admit(trial.state, POLICY, START + 15 * SECOND)
    assert next_trial.allowed
    assert next_trial.state.until == START + 20 * SECOND


def test_pauses_double_up_to_the_longest() -> None:
    state, now, pauses = opened(BreakerState()), START, []
    for _ in range(60):
        pauses.append((end_of(state) - now) // SECOND)
        for _ in range(3):
            now = end_of(state)
            state = failed_trial(state, now)
    assert pauses[:5] == [10, 20, 40, 60, 60]
    assert pauses[-1] == 60


def test_retry_after_opens_at_once_and_only_ever_lengthens() -> None:
    state = after_failure(BreakerState(), POLICY, START, retry_after=30 * SECOND)
    assert (state.phase, state.until, state.openings) == (BreakerPhase.OPEN, START + 30 * SECOND, 0)
    assert after_failure(state, POLICY, START, retry_after=5 * SECOND).until == START + 30 * SECOND
    assert after_failure(state, POLICY, START, retry_after=50 * SECOND).until == START + 50 * SECOND


def test_late_reports_from_before_the_opening_change_nothing() -> None:
    state = opened(BreakerState())
    assert after_success(state) == state
    assert after_failure(state, POLICY, START + 5 * SECOND) == state


def test_what_counts_as_a_failure() -> None:
    assert counts_as_failure(Unavailable("x"))
    assert counts_as_failure(OutcomeUnknown("x"))
    assert not any(map(counts_as_failure, (Refused("x"), Blocked("x"), BadConfiguration("x"), KeyError("x"))))


@given(st.lists(st.tuples(st.sampled_from(["ask", "good", "bad"]), st.integers(0, 30)), max_size=60))
def test_any_history_ends_its_waits_and_holds_one_trial(history: list[tuple[str, int]]) -> None:
    state, now, trial_end = BreakerState(), START, START
    for event, seconds in history:
        now += seconds * SECOND
        if event == "good":
            state = after_success(state)
        elif event == "bad":
            state = after_failure(state, POLICY, now)
        else:
            was_half_open = state.phase is BreakerPhase.HALF_OPEN
            admission = admit(state, POLICY, now)
            assert admission.allowed == (admission.wait == timedelta(0))
            assert admission.wait <= POLICY.longest_pause
            assert admit(admission.state, POLICY, now + admission.wait).allowed or admission.allowed
            if was_half_open and admission.allowed:
                assert now >= trial_end
            state = admission.state
            if state.phase is BreakerPhase.HALF_OPEN and admission.allowed:
                assert state.until is not None
                trial_end = state.until
        assert (state.until is None) == (state.phase is BreakerPhase.CLOSED)
