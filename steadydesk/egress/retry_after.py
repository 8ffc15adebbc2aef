"""The `Retry-After` field of RFC 9110 §10.2.3, in either form."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(days=1)
# Ten digits are 300 years; more would overflow a timedelta before the cap applies.
_SECONDS = re.compile(r"[0-9]{1,10}")


def parse_retry_after(text: str | None, now: datetime) -> timedelta | None:
    """Wait asked for, between zero and one day; None when absent or unreadable."""
    if text is None:
        return None
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return min(timedelta(seconds=int(text)), LONGEST)
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    if instant.tzinfo is None:  # "-0000": the RFC 5322 way to say that only the UTC time is known
        instant = instant.replace(tzinfo=UTC)
    return min(max(instant - now, timedelta(0)), LONGEST)
