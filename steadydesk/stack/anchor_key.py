"""The key that signs audit heads: made once, outside the database, readable by this user alone."""

from pathlib import Path

from steadydesk.records.anchor_keys import AnchorKeys
from steadydesk.stack.private_files import write_private


def ensure_anchor_key(path: Path) -> None:
    """Make the key file with mode 600 unless it exists."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(path, AnchorKeys.new().dump())
