"""Quotas: a token bucket per credential, person and address, in the memory of this process."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from steadydesk.errors import QuotaExceeded

_MOST_BUCKETS = 20_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Quota:
    """``per_minute`` requests of each key, of which half may come at once."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_minute / 60
        self._burst = max(1.0, per_minute / 2)
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def knows(self, key: str) -> bool:
        return key in self._buckets

    def take(self, key: str) -> None:
        """Count a request of ``key``; QuotaExceeded, with ``retry_after`` in seconds, when it has none
        left.
        """
        bucket = self._refilled(key)
        self._require(bucket)
        bucket.left -= 1
        self._buckets[key] = bucket
        if len(self._buckets) > _MOST_BUCKETS:
            self._forget_idle()

    def check(self, key: str) -> None:
        """Raise as ``take`` would, without counting."""
        self._require(self._refilled(key))

    def _require(self, bucket: _Bucket) -> None:
        if bucket.left < 1:
            seconds = max(1, ceil((1 - bucket.left) / self._per_second))
            raise QuotaExceeded("Too many requests.", details={"retry_after": seconds})

    def _refilled(self, key: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(key)
        if bucket is None:
            return _Bucket(self._burst, now)
        bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._per_second)
        bucket.at = now
        return bucket

    def _forget_idle(self) -> None:
        """Drop what would be full again; then the least recently used half, should all be busy."""
        full_after = self._burst / self._per_second
        now = self._clock()
        kept = {key: one for key, one in self._buckets.items() if now - one.at < full_after}
        if len(kept) > _MOST_BUCKETS:
            recent = sorted(kept, key=lambda key: kept[key].at)[len(kept) // 2 :]
            kept = {key: kept[key] for key in recent}
        self._buckets = kept
