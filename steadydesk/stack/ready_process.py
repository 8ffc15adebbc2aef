"""A program of ours that says by a file when it is ready to serve: the worker and the API."""

import asyncio
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from steadydesk.settings import READY_FILE
from steadydesk.stack.child import ChildProcess, last_lines
from steadydesk.stack.failure import StackError

START_LIMIT = 60.0
STOP_LIMIT = 25.0


class ReadyProcess:
    """`command`, run with the environment `environment` and `STEADYDESK_READY_FILE`."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        ready_file: Path,
        log_file: Path,
        environment: Mapping[str, str],
    ) -> None:
        self.name = name
        self.log_file = log_file
        self.process: ChildProcess | None = None
        self._command = command
        self._ready_file = ready_file
        self._environment = dict(environment) | {READY_FILE: str(ready_file)}

    async def start(self) -> None:
        """Return when the program has made its ready file."""
        self._ready_file.unlink(missing_ok=True)
        self.process = await ChildProcess.spawn(self._command, self.log_file, environment=self._environment)
        end = time.monotonic() + START_LIMIT
        while not self._ready_file.exists():
            if self.process.returncode is not None:
                code = self.process.returncode
                raise StackError(f"{self.name} ended with {code} while starting:{last_lines(self.log_file)}")
            if time.monotonic() > end:
                await self.stop()
                raise StackError(
                    f"{self.name} is not ready within {START_LIMIT:.0f} s:{last_lines(self.log_file)}"
                )
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL when it takes too long; harmless when it is not running."""
        if self.process:
            await self.process.stop(signal.SIGTERM, STOP_LIMIT)
            self.process = None
