from datetime import UTC, datetime, timedelta

import pytest

from steadydesk.policies.throttle import ADDRESS_FREE, FORGOTTEN_AFTER, USER_FREE, failures_now, wait_after

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("free", [USER_FREE, ADDRESS_FREE])
def test_first_failures_are_free_then_the_wait_doubles_up_to_a_quarter_of_an_hour(free: int) -> None:
    waits = [wait_after(failures, free).total_seconds() for failures in range(free + 10)]
    assert waits[:free] == [0] * free
    assert waits[free:] == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert wait_after(10**9, free) == timedelta(minutes=15)


def test_failures_are_forgotten_after_a_while() -> None:
    assert failures_now(7, NOW - FORGOTTEN_AFTER + timedelta(seconds=1), NOW) == 7
    assert failures_now(7, NOW - FORGOTTEN_AFTER, NOW) == 0
    assert failures_now(0, None, NOW) == 0
