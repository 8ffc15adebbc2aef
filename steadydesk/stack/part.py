"""One part of the stack under supervision: restarted with a growing pause when it crashes."""

import asyncio
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from steadydesk.stack.child import ChildProcess, rotate

Announce = Callable[[str, str], None]
"""Says a sentence (second) about a part (first) to the person at the terminal."""


class Startable(Protocol):
    """What can be supervised: a server or program with one process."""

    name: str
    log_file: Path
    process: ChildProcess | None

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class BackOff:
    """Seconds before the first restart, its growth and limit; `calm` seconds of running reset it."""

    first: float = 0.2
    factor: float = 2.0
    limit: float = 15.0
    calm: float = 20.0

    def after(self, failures: int) -> float:
        return min(self.limit, self.first * self.factor ** (failures - 1))


class Part:
    """Keeps one `Startable` running; `restarts` counts its crashes, `pid` is None between two lives."""

    def __init__(self, server: Startable, announce: Announce, back_off: BackOff) -> None:
        self.server = server
        self.name = server.name
        self.restarts = 0
        self._announce = announce
        self._back_off = back_off
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        process = self.server.process
        return process.pid if process and process.returncode is None else None

    async def start(self) -> None:
        """Start it with a fresh log; a failure of this first start is the caller's."""
        rotate(self.server.log_file)
        await self._timed_start("ready")
        self._watch = asyncio.create_task(self._restart_after_crashes(), name=f"watch {self.name}")

    async def stop(self) -> None:
        if self._watch:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        was_running = self.pid is not None
        await self.server.stop()
        if was_running:
            self._announce(self.name, "stopped")

    def kill(self) -> None:
        """SIGKILL, as a crash would; unless it is being stopped, it is started again."""
        if self.server.process:
            self.server.process.send(signal.SIGKILL)

    async def _timed_start(self, word: str) -> None:
        begin = time.monotonic()
        await self.server.start()
        self._announce(self.name, f"{word}  {time.monotonic() - begin:5.1f} s")

    async def _restart_after_crashes(self) -> None:
        failures = 0
        while process := self.server.process:
            ready_at = time.monotonic()
            code = await process.wait()
            failures = 1 if time.monotonic() - ready_at > self._back_off.calm else failures + 1
            self._announce(self.name, f"ended unexpectedly ({_cause(code)})")
            failures = await self._restart(failures)

    async def _restart(self, failures: int) -> int:
        """Try until it runs again; the number of failures in a row so far."""
        while True:
            self.restarts += 1
            await asyncio.sleep(self._back_off.after(failures))
            try:
                await self._timed_start("ready again")
            except Exception as error:  # noqa: BLE001 - whatever went wrong, it is not left lying
                failures += 1
                pause, why = self._back_off.after(failures), str(error) or type(error).__name__
                self._announce(self.name, f"cannot restart, next try in {pause:.1f} s: {why}")
            else:
                return failures


def _cause(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
