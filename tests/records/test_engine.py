"""Connections to a server that is not there yet, or has closed them."""

from pathlib import Path

import pytest
from sqlalchemy import text

from steadydesk.errors import Unavailable
from steadydesk.records.engine import make_engine
from steadydesk.records.faults import refusal_of
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.databases import migrated_database

PID = text("SELECT pg_backend_pid()")


async def test_a_server_without_its_socket_is_away(tmp_path: Path) -> None:
    engine = make_engine(f"postgresql://nobody@/nothing?host={tmp_path}")
    with pytest.raises(ConnectionError) as failed:
        async with engine.connect() as connection:
            await connection.execute(PID)
    assert isinstance(refusal_of(failed.value), Unavailable)


async def test_a_connection_that_the_server_closed_is_replaced_unnoticed(postgres: EmbeddedPostgres) -> None:
    url = await migrated_database(postgres, "engine")
    engine, other = make_engine(url, pool_size=1), make_engine(url, pool_size=1)
    async with engine.connect() as connection:
        first = await connection.scalar(PID)
    async with other.connect() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": first})
    async with engine.connect() as connection:
        assert await connection.scalar(PID) != first
    await engine.dispose()
    await other.dispose()
