"""How a program that speaks to Temporal ends."""

import os
import sys
from typing import NoReturn

_NOT_WRITTEN = 120
"""What the interpreter ends with when the last of the output cannot be written."""


def end_program(code: int) -> NoReturn:
    """End with this exit code as soon as everything said is written, without the interpreter's own end: in about one
    of ten, the native part of Temporal's SDK aborts there after all was done (temporalio/sdk-python #300), which a
    supervisor or a script would take for a crash.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or _NOT_WRITTEN
    os._exit(code)
