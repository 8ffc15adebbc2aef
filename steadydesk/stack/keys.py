"""The keyring that signs commands into processes: made once, readable by this user alone."""

import json
import secrets
from pathlib import Path

from steadydesk.stack.private_files import write_private

KEY_BYTES = 32


def ensure_keys(path: Path) -> None:
    """Make `{"current": id, "keys": {id: 64 hex digits}}` with mode 600 unless the file exists."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = secrets.token_hex(4)
    write_private(path, json.dumps({"current": name, "keys": {name: secrets.token_hex(KEY_BYTES)}}, indent=2))
