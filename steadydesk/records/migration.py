"""Bring a database to the current schema, and give the service its role with as few rights as it needs."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from asyncpg.exceptions import PostgresError
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from steadydesk.records.engine import asyncpg_url
from steadydesk.settings import settings

SERVICE_ROLE = "steadydesk_service"
_APPEND_ONLY = ("audit", "anchor", "vote", "sensitive_read", "break_glass", "security_event")
_ONE_MIGRATION_AT_A_TIME = 7_301_966


async def migrate(owner_url: str, service_password: str | None = None) -> None:
    """Upgrade to the newest revision as the owner, then renew the rights of ``steadydesk_service``.

    Safe to repeat and to run from several places at once. ``service_password`` None leaves the role without
    one, which is only safe where the socket's folder is private.
    """
    engine = create_async_engine(asyncpg_url(owner_url))
    try:
        async with engine.begin() as connection:
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_MIGRATION_AT_A_TIME}
            )
            await connection.run_sync(_upgrade)
            await _grant_rights(connection, service_password)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def _grant_rights(connection: AsyncConnection, password: str | None) -> None:
    present = await connection.scalar(
        text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": SERVICE_ROLE}
    )
    if not present:
        await connection.execute(text(f"CREATE ROLE {SERVICE_ROLE} LOGIN"))
    if password is not None:
        quoted = await connection.scalar(text("SELECT quote_literal(:word)"), {"word": password})
        await connection.execute(text(f"ALTER ROLE {SERVICE_ROLE} PASSWORD {quoted}"))
    await connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {SERVICE_ROLE}"))
    await connection.execute(
        text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {SERVICE_ROLE}")
    )
    await connection.execute(text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {SERVICE_ROLE}"))
    for table in _APPEND_ONLY:
        await connection.execute(text(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {SERVICE_ROLE}"))
    await connection.execute(text(f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {SERVICE_ROLE}"))


def main() -> None:
    """``python -m steadydesk.records.migration``: what the schema job of a production stack runs. Exit code 1 where the
    database does not answer.
    """
    current = settings()
    url = current.database_owner_url or current.database_url
    if url is None:
        raise SystemExit(
            "set STEADYDESK_DATABASE_OWNER_URL (or STEADYDESK_DATABASE_URL) to migrate a database"
        )
    try:
        asyncio.run(migrate(url))
    # What comes without SQLAlchemy's wrapping was said while connecting: nobody there, or not to this role.
    except (OSError, PostgresError) as error:
        shown = asyncpg_url(url).render_as_string(hide_password=True)
        reason = str(error) or "no answer in time"
        raise SystemExit(f"steadydesk: cannot connect to the database {shown}: {reason}") from None


if __name__ == "__main__":
    main()
