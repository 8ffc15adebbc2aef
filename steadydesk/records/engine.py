"""Connections to PostgreSQL: short time-outs, because a waiting write must not hold a workflow task."""

from sqlalchemy import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

Connection = AsyncConnection
"""One transaction's connection; what routes hand on without knowing more of it."""

Engine = AsyncEngine

_CONNECT_SECONDS = 1.0
_COMMAND_SECONDS = 1.5
_LOCK = "1000"


def asyncpg_url(url: str) -> URL:
    """The URL with the asyncpg driver, whichever PostgreSQL scheme it was given with."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "postgresql":
        raise ValueError(f"the database must be PostgreSQL, not '{parsed.get_backend_name()}'")
    return parsed.set(drivername="postgresql+asyncpg")


def make_engine(
    url: str, *, pool_size: int = 10, command_seconds: float = _COMMAND_SECONDS, name: str = "steadydesk"
) -> AsyncEngine:
    """One engine per process; ``command_seconds`` is longer only where no workflow task waits."""
    return create_async_engine(
        asyncpg_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_COMMAND_SECONDS,
        pool_pre_ping=True,
        connect_args={
            "timeout": _CONNECT_SECONDS,
            "command_timeout": command_seconds,
            "server_settings": {"lock_timeout": _LOCK, "application_name": name, "timezone": "UTC"},
        },
    )
