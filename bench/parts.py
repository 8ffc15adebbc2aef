"""What the processes of a stack use, from /proc: a part is its process with all its descendants."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from steadydesk.stack.supervisor import Stack

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Use:
    """Seconds of CPU since the start, and bytes of memory; what processes share is divided among them."""

    cpu: float
    memory: int


def use_of(stack: Stack, names: tuple[str, ...]) -> dict[str, Use]:
    """By name of the part; children that have ended count with their parent."""
    processes = dict(_processes())
    parts = {stack.parts[name].pid: name for name in names}
    cpu = dict.fromkeys(names, 0.0)
    memory = dict.fromkeys(names, 0)
    for pid, fields in processes.items():
        name = _part_of(pid, processes, parts)
        if name is not None:
            cpu[name] += sum(map(int, fields[11:15])) / _TICKS
            memory[name] += _memory_of(pid)
    return {name: Use(cpu[name], memory[name]) for name in names}


def _part_of(pid: int, processes: Mapping[int, list[str]], parts: Mapping[int | None, str]) -> str | None:
    """PostgreSQL's children have sessions of their own, so parents are followed."""
    while pid in processes:
        if pid in parts:
            return parts[pid]
        pid = int(processes[pid][1])
    return None


def _memory_of(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # It ended in between.
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def _processes() -> Iterator[tuple[int, list[str]]]:
    """By process id, the fields of ``stat``, beginning with the state and the parent."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                stat = (folder / "stat").read_text()
            except OSError:
                continue  # It ended in between.
            yield int(folder.name), stat.rpartition(")")[2].split()
