"""Texts that leave our hands and come back, in a cookie or an address: signed for one purpose, so that nobody makes
or changes them.
"""

import base64
import binascii
import hashlib
import hmac
from enum import StrEnum

from steadydesk.policies.assertion import Keyring

_DERIVATION = "steadydesk-signed-text-1"


class Purpose(StrEnum):
    """Each has keys of its own: what was signed for one does not verify for another, nor as a command."""

    FILE_LINK = "file-link"
    BASKET = "basket"
    SIGN_IN_AT_ISSUER = "sign-in-at-issuer"


def sign_text(keyring: Keyring, purpose: Purpose, text: str) -> str:
    """``<key id>.<text>.<signature>`` (HMAC-SHA256), text and signature in base64url. The text can be read by whoever
    has it.
    """
    content = f"{keyring.current}.{_encoded(text.encode())}"
    return f"{content}.{_signature(keyring.keys[keyring.current], purpose, content)}"


def text_in(keyring: Keyring, purpose: Purpose, signed: str) -> str | None:
    """The text again; None unless a key of the keyring signed exactly this, for this purpose."""
    content, _, signature = signed.rpartition(".")
    key_id, _, text = content.rpartition(".")
    key = keyring.keys.get(key_id)
    if key is None:
        return None
    expected = _signature(key, purpose, content)
    if not hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
        return None
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, ValueError):
        return None


def _signature(key: bytes, purpose: Purpose, content: str) -> str:
    derived = hmac.new(key, f"{_DERIVATION}:{purpose}".encode(), hashlib.sha256).digest()
    return _encoded(hmac.new(derived, content.encode(errors="replace"), hashlib.sha256).digest())


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
