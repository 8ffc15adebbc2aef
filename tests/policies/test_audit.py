"""The hash chain: every column that says what happened is under the seal, in any zone the same."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from steadydesk.policies.audit import GENESIS, seal

ROW: dict[str, Any] = {
    "number": "REQ0000001",
    "position": 1,
    "event": "gate.voted",
    "actor": "p_annaaaaaaaaa",
    "acting_for": None,
    "method": "token",
    "at": datetime(2026, 3, 2, 9, tzinfo=UTC),
    "subject": "REQ0000001-G1",
    "facts": {"decision": "approved", "seq": 1},
    "configuration": "digest",
}

OTHERS: dict[str, Any] = {
    "number": "REQ0000002",
    "position": 2,
    "event": "gate.closed",
    "actor": "p_bennnnnnnnnn",
    "acting_for": "p_bennnnnnnnnn",
    "method": "session",
    "at": datetime(2026, 3, 2, 9, 0, 0, 1, tzinfo=UTC),
    "subject": None,
    "facts": {"decision": "rejected", "seq": 1},
    "configuration": None,
}


def test_the_seal_is_what_it_was_when_it_was_written() -> None:
    """Changing it would break every chain there is."""
    assert seal(GENESIS, **ROW) == "b61990562c61d7d45771538614576d3084e3b66cbcc973021877cc5398784398"


@pytest.mark.parametrize("column", sorted(ROW))
def test_every_column_is_sealed(column: str) -> None:
    assert seal(GENESIS, **ROW) != seal(GENESIS, **{**ROW, column: OTHERS[column]})


def test_a_row_is_sealed_into_its_place() -> None:
    assert seal(GENESIS, **ROW) != seal("1" * 64, **ROW)


def test_neither_zone_nor_order_of_facts_changes_the_seal() -> None:
    same = {
        **ROW,
        "at": ROW["at"].astimezone(timezone(timedelta(hours=5))),
        "facts": dict(reversed(ROW["facts"].items())),
    }
    assert seal(GENESIS, **same) == seal(GENESIS, **ROW)
