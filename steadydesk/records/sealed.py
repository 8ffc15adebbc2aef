"""Secrets that must be used again, and so cannot be kept as hashes: sealed with a key that the database never has."""

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from steadydesk.policies.assertion import Keyring

_PURPOSE = b"steadydesk-sealed-secret-1"
_KEY_BYTES = 32
_NONCE_BYTES = 12


class UnsealError(Exception):
    """The text was sealed with a key that the keys file has not, for another place, or was changed."""


def seal(keyring: Keyring, secret: str, place: str) -> str:
    """``<key id>.<nonce and ciphertext>``: AES-256-GCM under a key derived from the keyring's current one, bound to
    ``place``, so that a row copied to another place does not open there.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = _cipher(keyring.keys[keyring.current]).encrypt(nonce, secret.encode(), place.encode())
    return f"{keyring.current}.{base64.b64encode(nonce + sealed).decode('ascii')}"


def unseal(keyring: Keyring, sealed: str, place: str) -> str:
    """The secret again; UnsealError says which key is missing, never what was sealed."""
    key_id, _, text = sealed.partition(".")
    key = keyring.keys.get(key_id)
    if key is None:
        raise UnsealError(f"it was sealed with the key '{key_id}', which the keys file does not have")
    try:
        content = base64.b64decode(text, validate=True)
        opened = _cipher(key).decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], place.encode())
    except (InvalidTag, binascii.Error, ValueError):
        raise UnsealError("it was changed, or sealed for another place") from None
    return opened.decode()


def is_current(keyring: Keyring, sealed: str) -> bool:
    """Whether the current key sealed it; an older one may be removed when this holds for all."""
    return sealed.partition(".")[0] == keyring.current


def _cipher(key: bytes) -> AESGCM:
    """The keys of the file sign; what encrypts is derived, so that neither use tells anything of the other."""
    return AESGCM(HKDF(SHA256(), _KEY_BYTES, salt=None, info=_PURPOSE).derive(key))
