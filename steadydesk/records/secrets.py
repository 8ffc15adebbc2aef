"""Secrets that people carry, tokens, session ids and links: random, shown once, kept only as their
SHA-256.
"""

import hashlib
import secrets
from enum import StrEnum


class SecretKind(StrEnum):
    """The prefix that tells people and scanners what they found."""

    API = "sdk_"
    SESSION = "sds_"
    LINK = "sdl_"


_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BYTES = 32
_LENGTH = 43
"""Digits of base 62 that 32 bytes need at most; every secret has as many."""


def new_secret(kind: SecretKind) -> str:
    """The prefix of its kind and 32 random bytes in base 62."""
    value = int.from_bytes(secrets.token_bytes(_BYTES))
    digits: list[str] = []
    for _ in range(_LENGTH):
        value, digit = divmod(value, len(_BASE62))
        digits.append(_BASE62[digit])
    return kind + "".join(reversed(digits))


def hash_of(secret: str) -> str:
    """What is stored. The secrets are random and long, so a plain hash cannot be guessed back."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
