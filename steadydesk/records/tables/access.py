"""Looks that must be answered for: sensitive values that were read, and records opened in an emergency."""

from sqlalchemy import BigInteger, Column, Identity, Index, Table, Text

from steadydesk.records.tables.base import Document, Instant, metadata

sensitive_read = Table(
    "sensitive_read",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("number", Text, nullable=False, comment="The process whose line was asked."),
    Column("task", Text, nullable=False, comment="The task for which they were read."),
    Column("person", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("fields", Document, nullable=False, comment="Names of the fields; never their values."),
    Column("at", Instant, nullable=False),
)
Index("ix_sensitive_read_number", sensitive_read.c.number, sensitive_read.c.id)

break_glass = Table(
    "break_glass",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("reason", Text, nullable=False, comment="Reference of the words."),
    Column("reason_digest", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("until", Instant, nullable=False),
)
Index("ix_break_glass_number", break_glass.c.number, break_glass.c.at)
