from datetime import UTC, datetime, timedelta

import pytest

from steadydesk.egress.retry_after import LONGEST, parse_retry_after

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("0", timedelta(0)),
        (" 30 ", timedelta(seconds=30)),
        ("99999999", LONGEST),
        ("9999999999999999999999", None),
        ("-5", None),
        ("1.5", None),
        ("\u0663", None),
        ("", None),
        ("tomorrow", None),
        ("Wed, 04 Mar 2026 05:06:37 GMT", timedelta(seconds=30)),
        ("Wednesday, 04-Mar-26 05:06:37 GMT", timedelta(seconds=30)),
        ("Wed Mar  4 05:06:37 2026", timedelta(seconds=30)),
        ("Wed, 04 Mar 2026 05:06:37 -0000", timedelta(seconds=30)),
        ("Wed, 04 Mar 2026 05:00:00 GMT", timedelta(0)),
        ("Wed, 04 Mar 2099 05:00:00 GMT", LONGEST),
        ("Wed, 44 Mar 2026 05:00:00 GMT", None),
    ],
)
def test_parse_retry_after(text: str | None, expected: timedelta | None) -> None:
    assert parse_retry_after(text, NOW) == expected
