"""The hash chain of a record: what each audit row seals, pure."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

GENESIS = "0" * 64
"""The hash before the first row of a record."""


def seal(
    previous: str,
    *,
    number: str,
    position: int,
    event: str,
    actor: str,
    acting_for: str | None,
    method: str,
    at: datetime,
    subject: str | None,
    facts: dict[str, Any],
    configuration: str | None,
) -> str:
    """SHA-256 over the previous hash and every column that says what happened."""
    row = [
        previous,
        number,
        position,
        event,
        actor,
        acting_for,
        method,
        at.astimezone(UTC).isoformat(timespec="microseconds"),
        subject,
        facts,
        configuration,
    ]
    text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
