"""The supervisor as a process: real servers and trivial programs, for tests that signal or kill it."""

import asyncio
import sys

from steadydesk.settings import Settings
from steadydesk.stack.failure import StackError
from steadydesk.stack.foreground import run_in_foreground
from tests.support.stacks import trivial_variation

if __name__ == "__main__":
    settings = Settings()
    try:
        asyncio.run(
            run_in_foreground(
                settings,
                end_with_parent="--end-with-parent" in sys.argv,
                variation=trivial_variation(settings),
            )
        )
    except StackError as error:
        sys.exit(f"steadydesk: {error}")
