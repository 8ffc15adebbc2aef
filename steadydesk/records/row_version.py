"""Rows that several people may edit: each edit counts the row's version up, and may demand the one that it saw."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, Table, update
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.errors import StaleVersion


async def edit_row(
    connection: AsyncConnection,
    table: Table,
    which: ColumnElement[bool],
    version: int | None,
    values: Mapping[str, Any],
    columns: Sequence[Column[Any]],
) -> Row[Any] | None:
    """These columns of the row after the edit; None where no row is still at ``version`` (None: whatever it is)."""
    statement = update(table).where(which).values(**values, version=table.c.version + 1).returning(*columns)
    if version is not None:
        statement = statement.where(table.c.version == version)
    return (await connection.execute(statement)).one_or_none()


def stale(what: str, present: int, version: int | None) -> StaleVersion:
    return StaleVersion(f"The {what} is at version {present}, not {version}.", details={"version": present})
