"""Figures that are dear to compute, kept for a while in this process: computed once for all who ask for the same."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import structlog

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Dated(Generic[Value]):
    """``at``: when it began to be computed; what happened later is not in it."""

    value: Value
    at: datetime


@dataclass(frozen=True)
class Keeping:
    """How long values are good, and how much they may cost."""

    fresh: timedelta = timedelta(minutes=1)
    usable: timedelta = timedelta(minutes=10)
    anew_after: timedelta = timedelta(seconds=10)
    """Who asks for new ones gets older ones than this computed anew, and no others."""
    patience: float = 0.1
    """Seconds that somebody waits for new values where there are usable ones."""
    most: int = 256
    at_once: int = 2


class Kept(Generic[Key, Value]):
    """Values by their keys; ``compute`` gets the key and the moment, so that nothing else can decide a value.

    A value is given out without a look for a minute. After that, until it is ten minutes old, it is computed anew
    while whoever asks waits for a tenth of a second: where figures are cheap, they are never older than a minute;
    where they are dear, nobody waits, sees the usable ones with their time, and the next page has the new ones. Older
    ones are waited for: a page that nobody has opened since this morning should not begin with this morning.
    """

    def __init__(
        self,
        compute: Callable[[Key, datetime], Awaitable[Value]],
        clock: Callable[[], datetime],
        keeping: Keeping | None = None,
    ) -> None:
        self._compute = compute
        self._clock = clock
        self._keeping = keeping or Keeping()
        self._values: OrderedDict[Key, Dated[Value]] = OrderedDict()
        self._computing: dict[Key, asyncio.Task[Dated[Value]]] = {}
        self._slots = asyncio.Semaphore(self._keeping.at_once)

    def __len__(self) -> int:
        return len(self._values)

    async def get(self, key: Key, *, anew: bool = False) -> Dated[Value]:
        """The value, and of when it is. Raises what the computation raised, unless there is a usable value."""
        keeping, found = self._keeping, self._values.get(key)
        if found is not None:
            self._values.move_to_end(key)
            if self._is_within(found, keeping.anew_after if anew else keeping.fresh):
                return found
        computing = self._computing.get(key) or self._begin(key)
        if found is None or anew or not self._is_within(found, keeping.usable):
            return await asyncio.shield(computing)
        await asyncio.wait({computing}, timeout=keeping.patience)
        return self._values.get(key, found)

    async def close(self) -> None:
        """Give up what is being computed."""
        computing = list(self._computing.values())
        for task in computing:
            task.cancel()
        await asyncio.gather(*computing, return_exceptions=True)

    def _is_within(self, found: Dated[Value], age: timedelta) -> bool:
        """Not so either where the clock was set back."""
        return timedelta() <= self._clock() - found.at < age

    def _begin(self, key: Key) -> asyncio.Task[Dated[Value]]:
        """In a task of its own: whoever asked first may leave while others wait for the same."""
        task = self._computing[key] = asyncio.create_task(self._computed(key))
        task.add_done_callback(lambda done: self._end(key, done))
        return task

    async def _computed(self, key: Key) -> Dated[Value]:
        async with self._slots:
            at = self._clock()
            found = Dated(await self._compute(key, at), at)
        self._values[key] = found
        self._values.move_to_end(key)
        while len(self._values) > self._keeping.most:
            self._values.popitem(last=False)
        return found

    def _end(self, key: Key, done: asyncio.Task[Dated[Value]]) -> None:
        del self._computing[key]
        if not done.cancelled() and (error := done.exception()) is not None:
            _log.info("figures_not_computed", error=type(error).__name__)
