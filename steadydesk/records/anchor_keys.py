"""The file with the key that signs audit heads, and the public keys that check old and new signatures."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ConfigDict

from steadydesk.contracts.base import Contract
from steadydesk.policies.anchor import key_id
from steadydesk.records.keys import key_file_faults


class _KeyFile(Contract):
    model_config = ConfigDict(hide_input_in_errors=True)

    private: str | None = None
    public: dict[str, str]


@dataclass(frozen=True, slots=True)
class AnchorKeys:
    """``private`` is None where signatures are only checked. A rotation forgets the old private key, so that nobody
    can sign the past any more; its public key stays.
    """

    public: dict[str, bytes]
    private: bytes | None = field(default=None, repr=False)

    @classmethod
    def new(cls) -> Self:
        return cls({}).rotated()

    def rotated(self) -> Self:
        """A new private key; every public key so far still checks what it signed."""
        key = Ed25519PrivateKey.generate()
        public = key.public_key().public_bytes_raw()
        return type(self)({**self.public, key_id(public): public}, key.private_bytes_raw())

    def dump(self, *, private: bool = True) -> str:
        """The text of a key file: a secret with ``private``, harmless without."""
        secret = self.private.hex() if private and self.private is not None else None
        public = {name: key.hex() for name, key in self.public.items()}
        return _KeyFile(private=secret, public=public).model_dump_json(indent=2, exclude_none=True) + "\n"


def load_anchor_keys(path: Path) -> AnchorKeys:
    """The keys of a file ``{"private": 64 hexadecimal digits, "public": {id: 64 hexadecimal digits}}``.

    Raises KeyFileError where it cannot be read, is damaged, or names a key otherwise than by its digest.
    """
    with key_file_faults(path):
        content = _KeyFile.model_validate_json(path.read_bytes())
        public = {name: _key(value) for name, value in content.public.items()}
        private = _key(content.private) if content.private is not None else None
        for name, key in public.items():
            if key_id(key) != name:
                raise ValueError(f"public.{name} is another key than its name says")
    return AnchorKeys(public, private)


def _key(text: str) -> bytes:
    key = bytes.fromhex(text)
    if len(key) != 32:
        raise ValueError(f"an Ed25519 key has 32 bytes, not {len(key)}")
    return key
