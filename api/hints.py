"""Who has a page open that is told of changes: one LISTEN for all, and each hears of what concerns them alone."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import structlog

from steadydesk.records.bell import ANYTHING, LIST, listen
from steadydesk.records.engine import Engine, autocommit
from steadydesk.records.views.hints import subjects_of
from steadydesk.records.views.visibility import Viewer

_GATHER = 0.05
"""Seconds in which what is rung is gathered: one look at the database for all of it."""
_AGAIN = 1.0
_PERSON = "p:"

_log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Seat:
    """One open page. What may concern its reader, until the page's stream takes it and asks whether they may know."""

    viewer: Viewer
    numbers: set[str] = field(default_factory=set[str])
    anything: bool = False
    account: bool = False
    wants_messages: bool = False
    messages: bool = False
    _rung: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, changed: frozenset[str], subjects: dict[str, set[str]]) -> None:
        """Of changed processes with the subjects of their sight, and of changed people."""
        own = {*self.viewer.own, *self.viewer.delegated}
        numbers = {number for number, found in subjects.items() if not own.isdisjoint(found)}
        account = f"{_PERSON}{self.viewer.person}" in changed
        messages = self.wants_messages and f"{LIST}{self.viewer.person}" in changed
        if numbers or account or messages or ANYTHING in changed:
            self.messages |= messages
            self.numbers |= numbers
            self.account |= account
            self.anything |= ANYTHING in changed
            self._rung.set()

    def take(self) -> tuple[frozenset[str], bool, bool]:
        """The numbers since it was asked last, whether there was more than could be told, and whether the person
        themselves changed.
        """
        taken = frozenset(self.numbers), self.anything, self.account
        self.numbers, self.anything, self.account = set(), False, False
        self._rung.clear()
        return taken

    def take_messages(self) -> bool:
        """Whether the viewer's list has changed since it was asked last."""
        taken, self.messages = self.messages, False
        return taken

    @property
    def is_rung(self) -> bool:
        """Whether there is something to take."""
        return self._rung.is_set()

    async def rung(self, seconds: float) -> None:
        """Wait until there is, at most this long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), seconds)


class Hints:
    """The seats of one process. The first one begins to listen; it goes on until ``close``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._seats: set[Seat] = set()
        self._changed: set[str] = set()
        self._listening: asyncio.Task[None] | None = None
        self._sorting: asyncio.Task[None] | None = None

    @contextmanager
    def seat(self, viewer: Viewer, *, messages: bool = False) -> Iterator[Seat]:
        """``messages`` asks to be told of the viewer's list of notifications, too."""
        taken = Seat(viewer, wants_messages=messages)
        self._seats.add(taken)
        if self._listening is None or self._listening.done():
            self._listening = asyncio.get_running_loop().create_task(self._listen())
        try:
            yield taken
        finally:
            self._seats.discard(taken)

    async def close(self) -> None:
        tasks = [task for task in (self._listening, self._sorting) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        """Again and again: a database that is away comes back."""
        while True:
            try:
                await listen(self._engine, self._hear)
            except Exception as error:  # noqa: BLE001 - pages look for themselves meanwhile
                _log.warning("nobody listens for changes", reason=type(error).__name__)
            await asyncio.sleep(_AGAIN)

    def _hear(self, changed: frozenset[str]) -> None:
        if not self._seats:
            return
        self._changed |= changed
        if self._sorting is None or self._sorting.done():
            self._sorting = asyncio.get_running_loop().create_task(self._sort())

    async def _sort(self) -> None:
        """To each seat what may be its own; where the database does not say, anything to everybody."""
        while self._changed:
            await asyncio.sleep(_GATHER)
            changed, self._changed = frozenset(self._changed), set()
            subjects: dict[str, set[str]] = {}
            numbers = {each for each in changed if each != ANYTHING and not each.startswith((_PERSON, LIST))}
            try:
                if numbers:
                    async with autocommit(self._engine).connect() as connection:
                        subjects = await subjects_of(connection, numbers)
            except Exception as error:  # noqa: BLE001 - they ask for themselves, and are told no more than is theirs
                _log.warning("changes could not be sorted", reason=type(error).__name__)
                changed |= {ANYTHING}
            for seat in list(self._seats):
                seat.tell(changed, subjects)
