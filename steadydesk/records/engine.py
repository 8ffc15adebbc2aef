"""Connections to PostgreSQL: short time-outs, because a waiting write must not hold a workflow task."""

from functools import lru_cache
from typing import Any

from sqlalchemy import URL, event, make_url, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

Connection = AsyncConnection
"""One transaction's connection; what routes hand on without knowing more of it."""

Engine = AsyncEngine

_CONNECT_SECONDS = 1.0
_COMMAND_SECONDS = 1.5
_SESSION = {"lock_timeout": "1000", "timezone": "UTC"}
_BY_KEY = {"plan_cache_mode": "force_generic_plan"}
_USED = "used"
_PLAN_ANEW = text("SET LOCAL plan_cache_mode = force_custom_plan")
_IN_ORDER = text("SET LOCAL enable_bitmapscan = off")


def asyncpg_url(url: str) -> URL:
    """The URL with the asyncpg driver, whichever PostgreSQL scheme it was given with."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "postgresql":
        raise ValueError(f"the database must be PostgreSQL, not '{parsed.get_backend_name()}'")
    return parsed.set(drivername="postgresql+asyncpg")


def make_engine(
    url: str,
    *,
    pool_size: int = 10,
    command_seconds: float = _COMMAND_SECONDS,
    by_key: bool = False,
    name: str = "steadydesk",
) -> AsyncEngine:
    """One engine per process; ``command_seconds`` is longer only where no workflow task waits.

    ``by_key`` is for connections whose statements find their rows by keys: each is planned once, whatever its values;
    planning a directory lookup takes PostgreSQL longer than the lookup.
    """
    engine = create_async_engine(
        asyncpg_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_COMMAND_SECONDS,
        connect_args={
            "timeout": _CONNECT_SECONDS,
            "command_timeout": command_seconds,
            "server_settings": {**_SESSION, **(_BY_KEY if by_key else {}), "application_name": name},
        },
    )
    event.listen(engine.sync_engine, "do_connect", _connect)
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _connect(dialect: Any, _record: object, arguments: Any, options: Any) -> Any:
    """A server that is just starting has no socket yet: that is as away as one that refuses."""
    try:
        return dialect.connect(*arguments, **options)
    except FileNotFoundError as missing:
        raise ConnectionRefusedError(str(missing)) from missing


def _refuse_closed(connection: Any, record: Any, _proxy: object) -> None:
    """Have the pool replace a connection that the server has closed. The driver knows without asking, whereas
    ``pool_pre_ping`` asks three times before each use. A new one is not looked at: its first statement will tell.
    """
    if record.info.get(_USED) and connection.driver_connection.is_closed():
        raise DisconnectionError
    record.info[_USED] = True


@lru_cache(maxsize=4)
def autocommit(engine: AsyncEngine) -> AsyncEngine:
    """The same connections where each statement stands for itself: without BEGIN, and ROLLBACK or COMMIT."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


async def plan_anew(connection: Connection) -> None:
    """Plan each statement of this transaction for its values; costs a tenth of a millisecond, and the planning.

    For lists, whose best plan depends on who asks: one plan for a person who sees three records and one who sees all
    is slow for both. What finds its rows by their keys does better with the plan that PostgreSQL keeps.
    """
    await connection.execute(_PLAN_ANEW)


async def read_in_order(connection: Connection) -> None:
    """Read indexes in their order in this transaction, rather than gather what fits and sort it: for the first page of
    something of which PostgreSQL cannot know how much there is.
    """
    await connection.execute(_IN_ORDER)
