"""The bare engine's process of the same shape: opened by an update, waits for a decision until a date, ends."""

import asyncio
from datetime import timedelta
from enum import StrEnum

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from pydantic import BaseModel

QUEUE = "bench-bare"
WORKFLOW = "BareWorkflow"
WRITE_ROW = "write_row"

_WAITS = timedelta(days=5)
_LOCAL = timedelta(seconds=2)
_REGULAR = timedelta(seconds=10)


class Writes(StrEnum):
    """How the record writes run."""

    LOCAL = "local"
    REGULAR = "regular"


class Start(BaseModel):
    number: str
    writes: Writes


class Word(BaseModel):
    """What a caller says with an update."""

    actor: str
    text: str


class Row(BaseModel):
    """One record write: one row in one small transaction."""

    number: str
    step: str
    actor: str
    text: str


@workflow.defn(name=WORKFLOW)
class BareWorkflow:
    """The same waits and updates as an order with one approval; each update writes one row."""

    @workflow.init
    def __init__(self, start: Start) -> None:
        self.start = start
        self.is_open = False
        self.is_decided = False
        self._lock = asyncio.Lock()

    @workflow.run
    async def run(self, start: Start) -> str:  # noqa: ARG002 - the same signature as __init__
        await workflow.wait_condition(lambda: self.is_open)
        try:
            await workflow.wait_condition(lambda: self.is_decided, timeout=_WAITS, timeout_summary="expiry")
        except TimeoutError:
            return "expired"
        await workflow.wait_condition(workflow.all_handlers_finished)
        return "decided"

    @workflow.update
    async def open(self, word: Word) -> str:
        await self._write("open", word)
        self.is_open = True
        return self.start.number

    @workflow.update
    async def decide(self, word: Word) -> str:
        await self._write("decide", word)
        self.is_decided = True
        return self.start.number

    async def _write(self, step: str, word: Word) -> None:
        row = Row(number=self.start.number, step=step, actor=word.actor, text=word.text)
        async with self._lock:
            if self.start.writes is Writes.LOCAL:
                await workflow.execute_local_activity(WRITE_ROW, row, start_to_close_timeout=_LOCAL)
            else:
                await workflow.execute_activity(WRITE_ROW, row, start_to_close_timeout=_REGULAR)
