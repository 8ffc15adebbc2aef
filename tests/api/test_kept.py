"""Figures that are kept: computed once for all who ask the same, for a while, and never given to others."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from api.kept import Keeping, Kept

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


class Counting:
    """Computes the name of its key and how often it was asked; waits for ``go`` while it is not set."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.asked: list[str] = []
        self.at_work = self.most_at_work = 0
        self.go = asyncio.Event()
        self.go.set()
        self.fault: Exception | None = None

    async def compute(self, key: str, at: datetime) -> str:
        assert at == self.now
        self.asked.append(key)
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            await self.go.wait()
            if self.fault is not None:
                raise self.fault
            return f"{key}{self.asked.count(key)}"
        finally:
            self.at_work -= 1

    def kept(self, **keeping: float) -> Kept[str, str]:
        return Kept(self.compute, lambda: self.now, Keeping(**{"patience": 0.01, **keeping}))  # type: ignore[arg-type]

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def counting() -> Counting:
    return Counting()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_many_at_once_compute_once(counting: Counting) -> None:
    kept = counting.kept()
    counting.go.clear()
    asking = [asyncio.create_task(kept.get("a")) for _ in range(20)]
    await settle()
    counting.go.set()
    found = await asyncio.gather(*asking, kept.get("a", anew=True))
    assert counting.asked == ["a"]
    assert {(one.value, one.at) for one in found} == {("a1", BEGIN)}


async def test_who_leaves_takes_nothing_from_the_others(counting: Counting) -> None:
    kept = counting.kept()
    counting.go.clear()
    first, second = (asyncio.create_task(kept.get("a")) for _ in range(2))
    await settle()
    first.cancel()
    await settle()
    counting.go.set()
    assert (await second).value == "a1"
    assert first.cancelled()


async def test_each_key_has_its_own(counting: Counting) -> None:
    kept = counting.kept()
    assert [(await kept.get(key)).value for key in "abab"] == ["a1", "b1", "a1", "b1"]


async def test_cheap_figures_are_never_older_than_a_minute(counting: Counting) -> None:
    kept = counting.kept(patience=5)
    await kept.get("a")
    counting.pass_by(59)
    assert (await kept.get("a")).value == "a1"
    counting.pass_by(1)
    found = await kept.get("a")
    assert (found.value, found.at) == ("a2", counting.now)


async def test_dear_figures_are_shown_with_their_time_until_the_new_ones_are_there(
    counting: Counting,
) -> None:
    kept = counting.kept()
    await kept.get("a")
    counting.pass_by(599)
    counting.go.clear()
    for _ in range(2):
        found = await kept.get("a")
        assert (found.value, found.at) == ("a1", BEGIN)
    counting.go.set()
    await settle()
    assert (await kept.get("a")).value == "a2"
    assert counting.asked == ["a", "a"]


@pytest.mark.parametrize("seconds", [600, -1])
async def test_figures_of_long_ago_or_of_the_future_are_not_shown(counting: Counting, seconds: float) -> None:
    kept = counting.kept()
    await kept.get("a")
    counting.pass_by(seconds)
    counting.go.clear()
    asking = asyncio.create_task(kept.get("a"))
    await asyncio.sleep(0.03)
    assert not asking.done()
    counting.go.set()
    assert (await asking).value == "a2"


async def test_new_ones_are_computed_for_who_asks_but_not_twice_in_ten_seconds(counting: Counting) -> None:
    kept = counting.kept()
    await kept.get("a")
    counting.pass_by(9)
    assert (await kept.get("a", anew=True)).value == "a1"
    counting.pass_by(1)
    counting.go.clear()
    asking = asyncio.create_task(kept.get("a", anew=True))
    await asyncio.sleep(0.03)
    assert not asking.done()
    counting.go.set()
    assert (await asking).value == "a2"


async def test_the_least_recently_used_go(counting: Counting) -> None:
    kept = counting.kept(most=2)
    for key in "abac":
        await kept.get(key)
    assert len(kept) == 2
    assert [(await kept.get(key)).value for key in "acb"] == ["a1", "c1", "b2"]


async def test_few_are_computed_at_a_time(counting: Counting) -> None:
    kept = counting.kept(at_once=2)
    counting.go.clear()
    asking = [asyncio.create_task(kept.get(key)) for key in "abcde"]
    await settle()
    assert counting.asked == ["a", "b"]
    counting.go.set()
    await asyncio.gather(*asking)
    assert counting.most_at_work == 2


async def test_a_failure_is_told_and_not_kept(counting: Counting) -> None:
    kept = counting.kept()
    counting.fault = ValueError("away")
    with pytest.raises(ValueError, match="away"):
        await kept.get("a")
    counting.fault = None
    assert (await kept.get("a")).value == "a2"
    counting.pass_by(100)
    counting.fault = ValueError("away")
    assert (await kept.get("a")).value == "a2", "old ones, where new ones fail"


async def test_closing_gives_up_what_is_computed(counting: Counting) -> None:
    kept = counting.kept()
    counting.go.clear()
    asking = asyncio.create_task(kept.get("a"))
    await settle()
    await kept.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert counting.at_work == 0
