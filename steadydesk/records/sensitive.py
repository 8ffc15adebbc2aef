"""Reads of sensitive form values: given out here and written down in the same transaction, or not at all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.records.tables.access import sensitive_read


@dataclass(frozen=True)
class SensitiveRead:
    """Who reads, for which task of which process."""

    number: str
    task: str
    person: str
    method: str
    at: datetime


async def disclose(
    connection: AsyncConnection, read: SensitiveRead, answers: Mapping[str, Any], names: Iterable[str]
) -> dict[str, Any]:
    """Those of the answers that ``names`` has; a row says that they were read. The caller commits."""
    given = {name: answers[name] for name in names if name in answers}
    if given:
        await connection.execute(
            insert(sensitive_read).values(
                number=read.number,
                task=read.task,
                person=read.person,
                method=read.method,
                fields=sorted(given),
                at=read.at,
            )
        )
    return given
