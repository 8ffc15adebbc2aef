"""One child process: own session, output to a log file, ended by the kernel when its supervisor is gone."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from steadydesk.stack import leash

LOGS_KEPT = 5
TAIL_BYTES = 8_000
LINE_LENGTH = 300


class ChildProcess:
    """A running or ended program; `pid` stays the same through the leash that starts it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    @classmethod
    async def spawn(
        cls,
        command: Sequence[str | Path],
        log_file: Path,
        *,
        environment: Mapping[str, str] | None = None,
        orphan_signal: signal.Signals = signal.SIGKILL,
    ) -> "ChildProcess":
        """Start `command` with its output appended to `log_file`.

        Call from the main thread: the kernel sends `orphan_signal` when the calling *thread* ends.
        """
        log_file.parent.mkdir(parents=True, exist_ok=True)
        prefix = (sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), str(int(orphan_signal)))
        with log_file.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *prefix,
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=dict(os.environ, **(environment or {})),
            )
        return cls(process)

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    async def wait(self) -> int:
        return await self._process.wait()

    async def stop(self, number: signal.Signals, grace: float) -> int:
        """Send signal `number`, and after `grace` seconds SIGKILL; the exit code."""
        self.send(number)
        try:
            async with asyncio.timeout(grace):
                return await self.wait()
        except TimeoutError:
            self.send(signal.SIGKILL)
            return await self.wait()

    def send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)


def rotate(log_file: Path) -> None:
    """Keep the last `LOGS_KEPT` logs as `<name>.1` (youngest) and so on."""
    for age in range(LOGS_KEPT, 0, -1):
        older = log_file.with_name(f"{log_file.name}.{age}")
        younger = log_file.with_name(f"{log_file.name}.{age - 1}") if age > 1 else log_file
        if younger.exists():
            younger.replace(older)


def last_lines(log_file: Path, count: int = 5) -> str:
    """The ends of the last `count` lines of a log, indented, to go under an error message."""
    if not log_file.exists():
        return ""
    with log_file.open("rb") as log:
        log.seek(max(0, log.seek(0, os.SEEK_END) - TAIL_BYTES))
        lines = log.read().decode(errors="replace").splitlines()[-count:]
    return "".join(f"\n    {line[-LINE_LENGTH:]}" for line in lines)
