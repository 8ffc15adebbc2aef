"""The ledger of outside effects and the breaker of each target."""

from sqlalchemy import Column, Integer, Table, Text

from steadydesk.records.tables.base import Document, Instant, metadata

effect = Table(
    "effect",
    metadata,
    Column("key", Text, primary_key=True, comment="number:step:target; also the Idempotency-Key outside."),
    Column("number", Text, nullable=False, index=True),
    Column("target", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("state", Text, nullable=False, comment="sending, done, refused or unknown."),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("looks", Integer, nullable=False, server_default="0", comment="Failed looks whether it is there."),
    Column("outputs", Text, comment="Reference of the text that holds what came back."),
    Column("problem", Text),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
)

breaker = Table(
    "breaker",
    metadata,
    Column("target", Text, primary_key=True),
    Column("document", Document, nullable=False),
    Column("updated_at", Instant, nullable=False),
)
