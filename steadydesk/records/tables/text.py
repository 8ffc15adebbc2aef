"""People's words, form values and files: write-once, by reference, erasable without breaking the audit."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from steadydesk.records.tables.base import Document, Instant, metadata

text_body = Table(
    "text_body",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("salt", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("body", Document, comment="A string or a mapping of form values; null after erasure."),
    Column("author", Text, nullable=False),
    Column("number", Text, comment="The record that refers to it; null rows are swept after a day."),
    Column("written_at", Instant, nullable=False),
)
Index("ix_text_body_unreferenced", text_body.c.written_at, postgresql_where=text_body.c.number.is_(None))

attachment = Table(
    "attachment",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Text, index=True),
    Column("file_name", Text, nullable=False),
    Column("media_type", Text, nullable=False, comment="Found in the content, not taken from the sender."),
    Column("size", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("content", LargeBinary),
    Column("author", Text, nullable=False),
    Column("written_at", Instant, nullable=False),
)
