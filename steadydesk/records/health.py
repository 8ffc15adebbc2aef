"""Whether the database answers."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine


async def database_answers(engine: AsyncEngine) -> None:
    """Raises whatever the driver raises when it does not."""
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
