"""Manual steps in a group's queue; their common columns stand in ``record``."""

from sqlalchemy import Column, Index, Integer, Table, Text

from steadydesk.records.tables.base import Document, Instant, metadata

task = Table(
    "task",
    metadata,
    Column("number", Text, primary_key=True),
    Column("owner", Text, nullable=False, index=True),
    Column("line", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("purpose", Text, nullable=False, comment="step, undo, decide, call_back or recovery."),
    Column("instruction", Document, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="1"),
    Column("asked_at", Instant),
    Column("follow_up_at", Instant),
)
Index("ix_task_line", task.c.line)
