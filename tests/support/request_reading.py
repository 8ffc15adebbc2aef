"""What the database of a test holds of its requests."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Table, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from steadydesk.contracts.gate import Gate
from steadydesk.contracts.request import Line, RequestProcess, TaskRun
from steadydesk.records.doctor import examine
from steadydesk.records.tables import metadata
from steadydesk.records.tables.process import process as process_table
from tests.support.requests import NOW

_NOT_REFUSED = "WHERE result->'said'->'refused' IS NULL"
_FIXED = {"configuration_version"}


class Reading:
    """Documents, rows and names, by number."""

    engine: AsyncEngine
    owner: AsyncEngine
    ids: Mapping[str, str]

    async def document(self, number: str) -> RequestProcess:
        async with self.engine.connect() as connection:
            found = await connection.scalar(
                select(process_table.c.document).where(process_table.c.number == number)
            )
        return RequestProcess.model_validate(found)

    async def line(self, number: str) -> Line:
        return (await self.document(number)).lines[0]

    async def task(self, number: str, step: str) -> TaskRun:
        run = (await self.line(number)).steps[step]
        task = run.undo_task or run.task
        assert task is not None
        return task

    async def gate(self, gate: str) -> Gate:
        return (await self.document(gate.rsplit("-G", 1)[0])).gates[gate]

    async def rows(self, table: Table, *where: Any) -> list[Any]:
        async with self.engine.connect() as connection:
            return list((await connection.execute(select(table).where(*where))).all())

    async def everything(self) -> dict[str, list[str]]:
        """Every row of every table as text, but for the steps that were refused."""
        found: dict[str, list[str]] = {}
        async with self.owner.connect() as connection:
            for table in metadata.sorted_tables:
                if table.name not in _FIXED:
                    which = _NOT_REFUSED if table.name == "step_result" else ""
                    rows = await connection.scalars(
                        text(f'SELECT t::text FROM "{table.name}" t {which} ORDER BY 1')
                    )
                    found[table.name] = list(rows)
        return found

    async def symptoms(self) -> list[str]:
        """What the doctor would say of the processes, each beginning with its number."""
        async with self.engine.connect() as connection:
            found = await examine(connection, NOW, None)
        return [f"{one.number}: {one.words}" for one in found.symptoms]

    async def events(self, number: str) -> list[str]:
        """The messages of a process in the outbox, in their order."""
        outbox = metadata.tables["outbox"]
        rows = await self.rows(outbox, outbox.c.number == number)
        return [row.event for row in sorted(rows, key=lambda row: row.seq)]

    def names(self, people: Iterable[str]) -> list[str]:
        """User names of references, sorted."""
        by_id = {identity: name for name, identity in self.ids.items()}
        return sorted(by_id.get(identity, identity) for identity in people)

    async def asked(self, gate: str) -> list[str]:
        """Who may decide at a gate, by user name."""
        return self.names(one.person for one in (await self.gate(gate)).eligible)
