"""How long a sign-in has to wait after failures, pure."""

from datetime import datetime, timedelta

FORGOTTEN_AFTER = timedelta(minutes=15)
"""Failures count no more when none has come for so long."""

USER_FREE = 5
ADDRESS_FREE = 20
"""Failures in a row that cost nothing, of one user name and from one address."""

_FIRST_WAIT = timedelta(seconds=5)
_LONGEST_WAIT = timedelta(minutes=15)
_MOST_DOUBLINGS = 20


def wait_after(failures: int, free: int) -> timedelta:
    """Nothing for the ``free`` first, then 5 s, doubled by each further one, 15 minutes at most."""
    if failures < free:
        return timedelta(0)
    return min(_FIRST_WAIT * 2 ** min(failures - free, _MOST_DOUBLINGS), _LONGEST_WAIT)


def failures_now(failures: int, last_at: datetime | None, now: datetime) -> int:
    """The failures that still count."""
    return failures if last_at is not None and now - last_at < FORGOTTEN_AFTER else 0
