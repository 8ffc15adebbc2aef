import asyncio
import signal
from pathlib import Path

import pytest
from temporalio.service import RPCError, RPCStatusCode

from steadydesk.stack.child import ChildProcess
from steadydesk.stack.failure import StackError
from steadydesk.stack.part import BackOff, Part


class _Sleeper:
    """A program that runs until it is killed; each of `troubles` is the end of one of its starts after the first."""

    name = "sleeper"

    def __init__(self, folder: Path, troubles: list[Exception]) -> None:
        self.log_file = folder / "sleeper.log"
        self.process: ChildProcess | None = None
        self._troubles = troubles

    async def start(self) -> None:
        if self.process and self._troubles:
            raise self._troubles.pop()
        self.process = await ChildProcess.spawn(["sleep", "60"], self.log_file)

    async def stop(self) -> None:
        if self.process:
            await self.process.stop(signal.SIGKILL, 1)
            self.process = None


@pytest.mark.parametrize(
    "trouble",
    [
        StackError("no paint"),
        OSError("no file"),
        TimeoutError(),
        RPCError("transport error", RPCStatusCode.UNAVAILABLE, b""),
    ],
    ids=lambda trouble: type(trouble).__name__,
)
async def test_whatever_ends_a_start_the_part_is_started_again(tmp_path: Path, trouble: Exception) -> None:
    """As a server that is killed once more while it starts: its client may raise anything."""
    told: list[str] = []
    sleeper = _Sleeper(tmp_path, [trouble])
    part = Part(sleeper, lambda _, text: told.append(text), BackOff(first=0.01, limit=0.01))
    await part.start()
    first = part.pid
    part.kill()
    async with asyncio.timeout(10):
        while part.pid in (None, first):
            await asyncio.sleep(0.01)
    assert [text for text in told if text.startswith("cannot restart")] == [
        f"cannot restart, next try in 0.0 s: {str(trouble) or 'TimeoutError'}"
    ]
    await part.stop()
