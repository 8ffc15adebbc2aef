"""The schedule of kills: which part, when, drawn from the seed; SIGKILL, as a crash would."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

from steadydesk.stack.supervisor import Stack

PARTS = ("worker", "api", "temporal", "postgres")


@dataclass
class Kills:
    """Kills until `ended` is set, at most `most` times."""

    seed: int
    most: int
    done: Counter[str] = field(default_factory=Counter[str])

    async def run(self, stack: Stack, ended: asyncio.Event, gap: tuple[float, float]) -> None:
        draw = random.Random(f"{self.seed} kills")
        while self.done.total() < self.most and not await _waits(ended, draw.uniform(*gap)):
            for name in draw.sample(PARTS, draw.choice([1, 1, 1, 2])):
                self.kill(stack, name)

    def kill(self, stack: Stack, name: str) -> None:
        """Kill a part that runs; one that is just starting again is left to that."""
        part = stack.parts[name]
        if part.pid is not None:
            part.kill()
            self.done[name] += 1


async def _waits(ended: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await ended.wait()
    except TimeoutError:
        return False
    return True
