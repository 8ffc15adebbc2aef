"""Runs a command that ends with its parent: `python leash.py PARENT_PID SIGNAL COMMAND…`.

A program of its own, because code between fork and exec of a process with threads can deadlock. The leash
survives `exec`, also through `unshare --user`.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int, number: int) -> bool:
    """Ask the kernel for signal `number` when the parent's calling thread ends; False when it has already.

    Linux only; elsewhere nothing is asked.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
    return os.getppid() == parent


if __name__ == "__main__":
    if end_with_parent(int(sys.argv[1]), int(sys.argv[2])):
        os.execvp(sys.argv[3], sys.argv[3:])  # noqa: S606 - a command line without a shell is the purpose
