"""The bell of the database: who has committed a change rings, and every process that listens hears of it at once.

It rings after the commit, in a transaction of its own: PostgreSQL lets only one transaction at a time commit with a
NOTIFY, and no write of a record is to wait for that.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.types import Text

from steadydesk.coalesced import Coalesced
from steadydesk.records.engine import Engine, autocommit

CHANNEL = "steadydesk_changed"
ANYTHING = "*"
"""Rung for so much that it has no room, and heard first of all: for what was rung while nobody listened."""

LIST = "n:"
"""Before the id of a person: their list of notifications."""

_ROOM = 7_000
"""Bytes of one ring; PostgreSQL takes 7,999."""
_RING = select(func.pg_notify(CHANNEL, bindparam("changed", type_=Text)))

Heard = Callable[[frozenset[str]], None]


class Bell:
    """Rings in the background, ``after`` so many seconds, so that who waits for the answer to a change comes first;
    then at most once per ``every``, for all that has changed meanwhile.

    It never raises and nobody waits for it; who missed a ring looks for themselves every now and then.
    """

    def __init__(self, engine: Engine, *, after: float = 0.05, every: float = 0.25) -> None:
        self._engine = engine
        self._changed: set[str] = set()
        self._rings = Coalesced(self._ring, every=every, after=after)

    def ring(self, *changed: str) -> None:
        """Say that these processes (numbers), people (``p:<person>``) or their lists (``n:<person>``) have changed;
        from a running event loop.
        """
        if changed:
            self._changed.update(changed)
            self._rings.ask()

    async def close(self) -> None:
        """What was not rung yet is found by those who look for themselves."""
        await self._rings.close()

    async def _ring(self) -> None:
        said = _said(self._changed)
        self._changed = set()
        async with autocommit(self._engine).connect() as connection:
            await connection.execute(_RING, {"changed": said})


async def listen(engine: Engine, heard: Heard) -> None:
    """Give ``heard`` what is rung, ANYTHING first, until the connection is lost. It holds one connection."""
    async with autocommit(engine).connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        lost = asyncio.Event()

        def end(_: object) -> None:
            lost.set()

        def hear(*notice: Any) -> None:
            heard(frozenset(str(notice[-1]).split()))

        driver.add_termination_listener(end)
        await driver.add_listener(CHANNEL, hear)
        try:
            heard(frozenset({ANYTHING}))
            await lost.wait()
        finally:
            driver.remove_termination_listener(end)
            if not driver.is_closed():
                await driver.remove_listener(CHANNEL, hear)


def _said(changed: set[str]) -> str:
    said = " ".join(sorted(changed))
    return said if len(said.encode()) <= _ROOM else ANYTHING
