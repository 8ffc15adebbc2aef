"""The schedule of kills: which part, and after how many orders, drawn from the seed; SIGKILL, as a crash would."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from steadydesk.stack.supervisor import Stack

PARTS = ("worker", "api", "temporal", "postgres")
_BACK_SECONDS = 30.0
"""Within which a part that was killed must run again."""


@dataclass
class Kills:
    """At least `rounds` kills, spread over the orders, not over seconds: a fast machine is killed as often."""

    seed: int
    rounds: int
    orders: int
    done: Counter[str] = field(default_factory=Counter[str])
    _begun: int = 0
    _progress: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def order_begins(self) -> None:
        async with self._progress:
            self._begun += 1
            self._progress.notify_all()

    async def run(self, stack: Stack, gap: tuple[float, float]) -> None:
        """Kill when the next share of the orders has begun, `gap` seconds later."""
        draw = random.Random(f"{self.seed} kills")
        for share in self._shares():
            async with self._progress:
                await self._progress.wait_for(lambda share=share: self._begun >= share)
            await asyncio.sleep(draw.uniform(*gap))
            for name in draw.sample(PARTS, draw.choice([1, 1, 1, 2])):
                await self._kill(stack, name)

    def _shares(self) -> Iterator[int]:
        return (self.orders * turn // (self.rounds + 1) for turn in range(1, self.rounds + 1))

    async def _kill(self, stack: Stack, name: str) -> None:
        part = stack.parts[name]
        async with asyncio.timeout(_BACK_SECONDS):
            while part.pid is None:
                await asyncio.sleep(0.02)
        part.kill()
        self.done[name] += 1
