"""The bare process's own table."""

from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, Table, Text, text
from sqlalchemy.ext.asyncio import create_async_engine

from steadydesk.stack.postgres import SERVICE

_metadata = MetaData()

bare_row = Table(
    "bench_bare",
    _metadata,
    Column("number", Text),
    Column("step", Text),
    Column("actor", Text, nullable=False),
    Column("text", Text, nullable=False),
    PrimaryKeyConstraint("number", "step"),
)


async def create_bare_table(owner_url: str) -> None:
    """As the owner of the database; the service may write into it."""
    engine = create_async_engine(owner_url)
    async with engine.begin() as connection:
        await connection.run_sync(_metadata.create_all)
        await connection.execute(text(f"GRANT SELECT, INSERT ON {bare_row.name} TO {SERVICE}"))
    await engine.dispose()
