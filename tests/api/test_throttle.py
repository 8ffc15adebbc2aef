import pytest

from api.throttle import Quota
from steadydesk.errors import QuotaExceeded


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def taken(quota: Quota, key: str, tries: int) -> int:
    count = 0
    for _ in range(tries):
        try:
            quota.take(key)
        except QuotaExceeded:
            continue
        count += 1
    return count


def test_half_a_minute_at_once_then_as_much_as_time_gives() -> None:
    clock = Clock()
    quota = Quota(60, clock)
    assert taken(quota, "a", 100) == 30
    clock.now += 2.5
    assert taken(quota, "a", 100) == 2
    clock.now += 0.5
    assert taken(quota, "a", 100) == 1
    clock.now += 3600
    assert taken(quota, "a", 100) == 30


def test_the_wait_that_it_names_is_enough() -> None:
    clock = Clock()
    quota = Quota(7, clock)
    taken(quota, "a", 10)
    with pytest.raises(QuotaExceeded) as caught:
        quota.take("a")
    clock.now += caught.value.details["retry_after"]
    quota.take("a")


def test_checking_counts_nothing_and_keys_are_apart() -> None:
    quota = Quota(4, Clock())
    for _ in range(10):
        quota.check("a")
    assert not quota.knows("a")
    assert taken(quota, "a", 5) == 2
    assert quota.knows("a")
    assert taken(quota, "b", 5) == 2


def test_memory_is_bounded_and_busy_keys_stay() -> None:
    clock = Clock()
    quota = Quota(600, clock)
    for number in range(60_000):
        clock.now += 0.001
        quota.take(f"key{number}")
        if number % 50 == 0:
            taken(quota, "busy", 10)
    assert sum(quota.knows(f"key{number}") for number in range(60_000)) <= 20_001
    assert quota.knows("busy")
    assert taken(quota, "busy", 400) < 300
