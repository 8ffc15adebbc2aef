"""What a record says that it has to do with another one: both ways are found here, by either number."""

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, Text

from steadydesk.records.tables.base import Instant, metadata

record_link = Table(
    "record_link",
    metadata,
    Column("number", Text, comment="The process that refers to the other; its document says so, too."),
    Column("kind", Text, comment="A value of contracts.link.LinkKind."),
    Column("other", Text, comment="The process that it refers to."),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("number", "kind", "other"),
)
Index("ix_record_link_other", record_link.c.other, record_link.c.kind)
