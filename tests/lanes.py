"""``python -m tests.lanes``: all tests in two processes side by side, since one alone waits much of the time."""

import shutil
import subprocess
import sys
from tempfile import TemporaryFile

PYTEST = (sys.executable, "-m", "pytest", "--durations=10")
STACKS = tuple(f"tests/{folder}" for folder in ("bench", "cli", "e2e", "faults", "portal", "stack"))
"""Folders of tests that start whole stacks; together they take about as long as all the others."""


def main() -> int:
    """Print what the second lane said after the first; the exit code is that of a lane that failed, else 0."""
    with TemporaryFile() as said, subprocess.Popen([*PYTEST, *STACKS], stdout=said) as stacks:
        rest = subprocess.run([*PYTEST, *(f"--ignore={folder}" for folder in STACKS)], check=False)
        failed = stacks.wait() or rest.returncode
        said.seek(0)
        sys.stdout.flush()
        shutil.copyfileobj(said, sys.stdout.buffer)
    return failed


if __name__ == "__main__":
    sys.exit(main())
