"""The folder of the PostgreSQL socket: private, because who reaches it is trusted, and short enough."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from steadydesk.stack.failure import StackError
from steadydesk.stack.private_files import write_private

SOCKET_PATH_BYTES = 107
"""Longest path of a Unix socket on Linux (`sun_path` without its final NUL)."""

SOCKET_NAME = ".s.PGSQL.5432"


class SocketFolder:
    """`socket` inside `home`, or a folder under the temporary one when that path is too long for a socket.

    `home` remembers the folder outside of it, so that a start after a crash finds and reuses it.
    """

    def __init__(self, home: Path) -> None:
        self._inside = home / "socket"
        self._record = home / "socket_folder"

    def make(self) -> Path:
        """The folder, with mode 700."""
        if _fits(self._inside):
            self._inside.mkdir(parents=True, exist_ok=True)
            self._inside.chmod(0o700)
            return self._inside
        if self._record.exists() and _is_private(outside := Path(self._record.read_text())):
            return outside
        outside = _outside()
        write_private(self._record, str(outside))
        return outside

    def remove(self) -> None:
        """After a clean stop leave nothing outside of `home`."""
        if self._record.exists():
            with contextlib.suppress(OSError):
                Path(self._record.read_text()).rmdir()
            self._record.unlink()


def _outside() -> Path:
    for base in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - mkdtemp makes a private folder in it
        folder = Path(tempfile.mkdtemp(prefix="steadydesk-", dir=base))
        if _fits(folder):
            return folder
        folder.rmdir()
    raise StackError(f"no temporary folder has a path short enough for a socket ({SOCKET_PATH_BYTES} bytes)")


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder.absolute() / SOCKET_NAME)) <= SOCKET_PATH_BYTES


def _is_private(folder: Path) -> bool:
    try:
        status = folder.lstat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(status.st_mode)
        and status.st_uid == os.getuid()
        and stat.S_IMODE(status.st_mode) == 0o700
    )
