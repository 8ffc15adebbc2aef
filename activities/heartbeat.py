"""The sign of life of an activity that takes a while."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity

_EVERY = 2.5
"""Seconds: several beats within the shortest heartbeat timeout that our workflows set."""


@asynccontextmanager
async def beating() -> AsyncIterator[None]:
    """Beats as long as the event loop turns: a dead worker is noticed within seconds, and a slow attempt is not taken
    for dead and doubled.
    """

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(_EVERY)

    heart = asyncio.create_task(beat(), name="heartbeat")
    try:
        yield
    finally:
        heart.cancel()
