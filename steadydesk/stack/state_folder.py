"""The state folder: where each part keeps its files, and who owns it (a lock, not a pid, says so)."""

import fcntl
import os
import time
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import IO

from pydantic import BaseModel

from steadydesk.stack.failure import StackError, usable
from steadydesk.stack.private_files import write_private

LAYOUT = 1
"""Version of this layout; a folder of a later one is refused, never guessed at."""

PATIENCE = 0.3
"""Seconds to wait for the lock: `is_owned` of another process holds it for an instant."""


class FolderRecord(BaseModel):
    """What a state folder remembers about itself from its first start."""

    layout: int = LAYOUT
    demo: bool


class StateFolder:
    """Paths of one state folder, and its ownership while this process runs the stack in it."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.postgres = self.path / "postgres"
        self.temporal = self.path / "temporal"
        self.logs = self.path / "logs"
        self.ready = self.path / "ready"
        self.running = self.path / "running.json"
        self.credentials = self.path / "credentials.json"
        self._record = self.path / "folder.json"
        self._lock_file = self.path / "lock"
        self._lock: IO[str] | None = None

    def own(self, *, demo: bool) -> FolderRecord:
        """Take the folder for this process, making it (mode 700) when it is new, with `demo` as its promise.

        Raises `StackError` when another process runs in it, a later version made it, or it cannot be written.
        """
        with self._usable():
            self._make()
            self._lock = self._locked()
            for folder in (self.postgres, self.temporal, self.logs, self.ready):
                folder.mkdir(exist_ok=True, mode=0o700)
            self.running.unlink(missing_ok=True)
            if not self._record.exists():
                write_private(self._record, FolderRecord(demo=demo).model_dump_json())
        return self.record()

    def record(self) -> FolderRecord:
        """What the folder remembers; `StackError` when it is none of ours or of a later version."""
        try:
            record = FolderRecord.model_validate_json(self._record.read_text())
        except (OSError, ValueError) as error:
            raise StackError(f"{self._record} does not describe a state folder: {error}") from error
        if record.layout > LAYOUT:
            raise StackError(
                f"{self.path} was made by a later version (layout {record.layout}, known: {LAYOUT})"
            )
        return record

    @property
    def is_new(self) -> bool:
        with self._usable():
            return not self._record.exists()

    @property
    def has_credentials(self) -> bool:
        with self._usable():
            return self.credentials.exists()

    @property
    def is_open(self) -> bool:
        """Whether others than its owner may look into it."""
        return bool(self.path.stat().st_mode & 0o077)

    def release(self) -> None:
        """Give the folder free; harmless when it is not owned."""
        if self._lock:
            self.running.unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def owner(self) -> int | None:
        """The process that runs the stack in this folder, or None."""
        try:
            with self._lock_file.open() as lock:
                if _try_lock(lock, fcntl.LOCK_SH):
                    return None
                return int(lock.read() or 0)
        except OSError:
            return None

    def _usable(self) -> AbstractContextManager[None]:
        return usable(f"the state folder {self.path} (STEADYDESK_STATE_DIR)")

    def _make(self) -> None:
        """An empty folder that somebody made is closed too; what holds other files may be open for their sake."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.is_open and not any(self.path.iterdir()):
            # Of a folder that belongs to somebody else, such as a mounted volume, only they can change the mode.
            with suppress(PermissionError):
                self.path.chmod(0o700)

    def _locked(self) -> IO[str]:
        lock = self._lock_file.open("a+")
        end = time.monotonic() + PATIENCE
        while not _try_lock(lock, fcntl.LOCK_EX):
            if time.monotonic() > end:
                lock.seek(0)
                owner = lock.read()
                lock.close()
                raise StackError(f"{self.path} is already run by process {owner}; stop that one first")
            time.sleep(PATIENCE / 10)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return lock


def _try_lock(lock: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
