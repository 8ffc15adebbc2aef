"""Random names for records without a number: opaque, and safe in URLs, histories and search attributes."""

import secrets

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_LENGTH = 12


def new_id(prefix: str) -> str:
    """``p`` gives ``p_`` and twelve letters and digits: 60 random bits."""
    return f"{prefix}_" + "".join(secrets.choice(_BASE32) for _ in range(_LENGTH))
