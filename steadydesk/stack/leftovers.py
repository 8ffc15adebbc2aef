"""Finds and stops servers that a killed run left behind: only processes that surely work on our files."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from steadydesk.stack.failure import StackError

PATIENCE = 10.0
"""Seconds a left-over has to end after its signal, before SIGKILL."""


async def stop_postgres(data_dir: Path) -> int | None:
    """Stop the `postgres` that works in `data_dir`, if its pid file names one; its process id."""
    try:
        pid = int((data_dir / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    if _program(pid) != "postgres" or _working_folder(pid) != data_dir.resolve():
        return None
    await _end(pid, signal.SIGQUIT)
    return pid


async def stop_temporal(db_file: Path) -> list[int]:
    """Stop every Temporal server that has `db_file` as its database; their process ids."""
    wanted = os.fsencode(db_file)
    pids = [pid for pid in _all_pids() if _program(pid) == "temporal" and wanted in _arguments(pid)]
    for pid in pids:
        await _end(pid, signal.SIGTERM)
    return pids


async def _end(pid: int, number: signal.Signals) -> None:
    for attempt in (number, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, attempt)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while is_running(pid):
                    await asyncio.sleep(0.02)
                return
    raise StackError(f"process {pid} of an earlier run does not end; stop it by hand")


def is_running(pid: int) -> bool:
    """Whether process `pid` exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/exe").readlink().name
    except OSError:
        return ""


def _working_folder(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return None


def _arguments(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []
