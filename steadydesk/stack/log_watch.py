"""Follows the parts' log files: mentions warnings and errors once in a while, or shows every line."""

import asyncio
import re
from pathlib import Path
from typing import Final

from steadydesk.stack.part import Announce

PAUSE = 1.0
"""Seconds between two looks; each is one `stat` per part."""

TROUBLE: Final = re.compile(
    r'"level": ?"(?:warning|error|critical)"|\[(?:warning|error|critical) *\]'
    r"|level=ERROR|FATAL:  (?!the database system is|terminating connection)|PANIC: |^Traceback "
)


_TRACEBACK = "Traceback "


def _troubles(lines: list[str]) -> list[str]:
    """Every line that tells of trouble; of a traceback its last one, which says what went wrong."""
    return [
        _last_of_traceback(lines[place:]) if line.startswith(_TRACEBACK) else line
        for place, line in enumerate(lines)
        if TROUBLE.search(line)
    ]


def _last_of_traceback(lines: list[str]) -> str:
    """The first line after its heading that is not indented; the heading where that has not been written yet."""
    ends = (line for line in lines[1:] if line and not line.startswith(" "))
    return next(ends, lines[0])


class LogWatch:
    """Reads what was appended to each log since the last look."""

    def __init__(self, logs: dict[str, Path], announce: Announce, *, verbose: bool) -> None:
        self._logs = logs
        self._announce = announce
        self._verbose = verbose
        self._read_to = dict.fromkeys(logs, 0)

    async def follow(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(PAUSE)

    def look(self) -> None:
        """Announce what is new in every log."""
        for name, path in self._logs.items():
            lines = self._new_lines(name, path)
            if self._verbose:
                for line in lines:
                    self._announce(name, line)
            elif troubles := _troubles(lines):
                more = f" (and {len(troubles) - 1} more)" if len(troubles) > 1 else ""
                self._announce(name, f"{troubles[0][:200]}{more}; see {path}")

    def _new_lines(self, name: str, path: Path) -> list[str]:
        size = path.stat().st_size if path.exists() else 0
        start = self._read_to[name] if size >= self._read_to[name] else 0
        if size == start:
            return []
        with path.open("rb") as log:
            log.seek(start)
            # A line that is still being written is left for the next look.
            whole, _, _ = log.read(size - start).rpartition(b"\n")
        self._read_to[name] = start + len(whole) + (1 if whole else 0)
        return whole.decode(errors="replace").splitlines()
