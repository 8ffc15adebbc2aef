"""Configuration versions: immutable once stored; one of them is current."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, text

from steadydesk.records.tables.base import Document, Instant, metadata

configuration_version = Table(
    "configuration_version",
    metadata,
    Column("digest", Text, primary_key=True, comment="SHA-256 of the canonical JSON."),
    Column("serial", Integer, nullable=False, unique=True),
    Column("document", Document, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", Instant, nullable=False),
    Column("approved_by", Text),
    Column("approved_at", Instant),
    Column("current", Boolean, nullable=False, server_default=text("false")),
    Column("applied_at", Instant),
)
Index(
    "uq_configuration_version_current",
    configuration_version.c.current,
    unique=True,
    postgresql_where=configuration_version.c.current,
)
