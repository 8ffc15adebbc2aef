"""The file with the keys that sign commands: read, and turned to a new key while the old ones go on
verifying.
"""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ConfigDict, ValidationError

from steadydesk.contracts.base import Contract
from steadydesk.policies.assertion import MIN_KEY_BYTES, Keyring


class KeyFileError(ValueError):
    """The key file is missing or damaged; the message says where and what."""


class _KeyFile(Contract):
    model_config = ConfigDict(hide_input_in_errors=True)

    current: str
    keys: dict[str, str]


def load_keyring(path: Path) -> Keyring:
    """The keyring of a file ``{"current": id, "keys": {id: 64 hexadecimal digits}}``."""
    with key_file_faults(path):
        content = _KeyFile.model_validate_json(path.read_bytes())
        return Keyring(content.current, {key: bytes.fromhex(value) for key, value in content.keys.items()})


@contextmanager
def key_file_faults(path: Path) -> Iterator[None]:
    """Whatever is wrong with the file while it is read becomes a KeyFileError."""
    try:
        yield
    except OSError as error:
        raise KeyFileError(f"{path}: the key file cannot be read: {error.strerror}") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'file'}: {one['msg']}" for one in error.errors()
        )
        raise KeyFileError(f"{path}: {faults}") from None
    except ValueError as error:
        raise KeyFileError(f"{path}: {error}") from None


def rotate(keyring: Keyring) -> Keyring:
    """The keyring with a new current key; the old ones still verify what they signed."""
    key_id = secrets.token_hex(4)
    return Keyring(key_id, {**keyring.keys, key_id: secrets.token_bytes(MIN_KEY_BYTES)})


def dump_keyring(keyring: Keyring) -> str:
    """The text of the key file. It is a secret: write it with mode 600."""
    keys = {key_id: key.hex() for key_id, key in keyring.keys.items()}
    return json.dumps({"current": keyring.current, "keys": keys}, indent=2) + "\n"
