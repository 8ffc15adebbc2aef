"""The database script of the container deployment, run against the embedded PostgreSQL."""

import asyncio
import os
import subprocess
from pathlib import Path

from steadydesk.records.migration import migrate
from steadydesk.stack.postgres import DATABASE, NOT_DURABLE, OWNER, SERVICE, EmbeddedPostgres, binaries
from tests.support.stacks import REPOSITORY

SCRIPT = REPOSITORY / "deploy" / "postgres" / "databases.sh"


async def test_the_owner_it_makes_can_migrate(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "pg", extra_settings=NOT_DURABLE) as postgres:
        await _become_a_fresh_container(postgres)
        environment = {
            "PATH": f"{binaries()}:{os.environ['PATH']}",
            "PGHOST": str(postgres.socket_dir),
            "POSTGRES_USER": "postgres",
            "STEADYDESK_OWNER_PASSWORD": "it's",
            "TEMPORAL_DB_PASSWORD": "own",
        }
        done = await asyncio.to_thread(
            subprocess.run,
            [SCRIPT],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | environment,
        )
        assert done.returncode == 0, done.stderr
        await migrate(postgres.url(), "service")
        connection = await postgres.connect(user=SERVICE)
        assert await connection.fetchval("SELECT count(*) FROM alembic_version") == 1
        assert await connection.fetchval("SELECT NOT rolsuper FROM pg_roles WHERE rolname = $1", OWNER)
        await connection.close()


async def _become_a_fresh_container(postgres: EmbeddedPostgres) -> None:
    """A superuser `postgres` and nothing of ours."""
    connection = await postgres.connect("postgres")
    await connection.execute("CREATE ROLE postgres SUPERUSER LOGIN")
    await connection.close()
    connection = await postgres.connect("postgres", "postgres")
    await connection.execute(f"DROP DATABASE {DATABASE}")
    await connection.execute(f"ALTER ROLE {OWNER} RENAME TO bootstrap")
    await connection.close()
