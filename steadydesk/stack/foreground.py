"""Runs the stack in the foreground until a signal ends it: what `steadydesk up` does."""

import asyncio
import contextlib
import os
import signal

from steadydesk.settings import Settings
from steadydesk.stack import leash
from steadydesk.stack.supervisor import Stack, Variation
from steadydesk.stack.terminal import Terminal, summary

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def run_in_foreground(
    settings: Settings,
    *,
    verbose: bool = False,
    end_with_parent: bool = False,
    variation: Variation | None = None,
) -> None:
    """Start, print, wait for a signal, stop. A second signal kills what has not stopped by then.

    `end_with_parent` treats the end of the parent process (make, a shell) like SIGTERM.
    """
    terminal = Terminal()
    stack = Stack(settings, announce=terminal.announce, verbose=verbose, variation=variation)
    asked_to_end = _listen(stack)
    if end_with_parent and not leash.end_with_parent(os.getppid(), signal.SIGTERM):
        return
    starting = asyncio.create_task(stack.start())
    ending = asyncio.create_task(asked_to_end.wait())
    try:
        await asyncio.wait({starting, ending}, return_when=asyncio.FIRST_COMPLETED)
        if not asked_to_end.is_set():
            await starting
            terminal.say(summary(stack.addresses, stack.credentials))
            await ending
    finally:
        await _stop(stack, starting, ending)


async def _stop(stack: Stack, *tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task
    await stack.stop()


def _listen(stack: Stack) -> asyncio.Event:
    asked = asyncio.Event()

    def on_signal() -> None:
        if asked.is_set():
            stack.kill()
        asked.set()

    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    return asked
