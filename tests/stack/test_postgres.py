import os
import signal
from pathlib import Path

import pytest

from steadydesk.stack.failure import StackError
from steadydesk.stack.leftovers import is_running
from steadydesk.stack.postgres import NOT_DURABLE, EmbeddedPostgres, binaries


async def test_stopped_and_killed_servers_keep_their_rows(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / "pg")
    await postgres.start()
    connection = await postgres.connect()
    await connection.execute("CREATE TABLE kept (word text)")
    await connection.execute("INSERT INTO kept VALUES ('one')")
    await connection.close()
    assert postgres.process
    postgres.process.send(signal.SIGKILL)
    await postgres.process.wait()

    async with postgres:
        connection = await postgres.connect()
        assert await connection.fetchval("SELECT word FROM kept") == "one"
        await connection.close()
    async with postgres:
        connection = await postgres.connect()
        assert await connection.fetchval("SELECT word FROM kept") == "one"
        await connection.close()


async def test_it_is_utf8_durable_and_private(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "pg") as postgres:
        connection = await postgres.connect()
        row = await connection.fetchrow(
            "SELECT current_setting('server_version_num')::int / 10000 AS major,"
            " pg_encoding_to_char(encoding) AS encoding, datcollate,"
            " current_setting('fsync') AS fsync, current_setting('listen_addresses') AS listening,"
            " current_setting('timezone') AS zone FROM pg_database WHERE datname = current_database()"
        )
        await connection.close()
        assert row
        assert tuple(row) == (18, "UTF8", "C.UTF-8", "on", "", "UTC")
        assert postgres.socket_dir.stat().st_mode & 0o777 == 0o700


async def test_a_long_path_gets_a_short_socket_folder_that_a_clean_stop_removes(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 25)
    async with EmbeddedPostgres(home, extra_settings=NOT_DURABLE) as postgres:
        outside = postgres.socket_dir
        assert not outside.is_relative_to(tmp_path)
        assert outside.stat().st_mode & 0o777 == 0o700
        connection = await postgres.connect()
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()
    assert not outside.exists()


async def test_a_server_left_behind_on_the_data_folder_is_stopped_first(tmp_path: Path) -> None:
    left_behind = EmbeddedPostgres(tmp_path / "pg", extra_settings=NOT_DURABLE)
    await left_behind.start()
    assert left_behind.process
    async with EmbeddedPostgres(tmp_path / "pg", extra_settings=NOT_DURABLE) as second:
        assert second.process
        assert second.process.pid != left_behind.process.pid
        assert await left_behind.process.wait() is not None
        assert not is_running(left_behind.process.pid)


async def test_a_stale_pid_file_is_no_reason_to_kill(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "pg", extra_settings=NOT_DURABLE) as postgres:
        data_dir = postgres.data_dir
    (data_dir / "postmaster.pid").write_text(f"{os.getpid()}\n{data_dir}\n")
    async with EmbeddedPostgres(tmp_path / "pg", extra_settings=NOT_DURABLE) as postgres:
        assert postgres.process
        assert postgres.process.returncode is None


async def test_a_half_made_data_folder_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "pg" / "data.unfinished").mkdir(parents=True)
    (tmp_path / "pg" / "data.unfinished" / "PG_VERSION").write_text("18")
    async with EmbeddedPostgres(tmp_path / "pg", extra_settings=NOT_DURABLE) as postgres:
        assert (postgres.data_dir / "PG_VERSION").exists()


async def test_data_of_another_version_is_refused(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / "pg")
    postgres.data_dir.mkdir(parents=True)
    (postgres.data_dir / "PG_VERSION").write_text("16\n")
    with pytest.raises(StackError, match="made by PostgreSQL 16, this version runs 18"):
        await postgres.start()


async def test_a_start_that_fails_shows_the_log(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / "pg", extra_settings={"no_such_setting": "1"})
    with pytest.raises(StackError, match="no_such_setting"):
        await postgres.start()


def test_the_binaries_are_those_of_the_wheel() -> None:
    assert (binaries() / "initdb").is_file()
