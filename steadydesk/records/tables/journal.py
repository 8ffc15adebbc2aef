"""What happened: the journal that people read, and the chained audit that proves it."""

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, Table, Text, UniqueConstraint, func

from steadydesk.records.tables.base import Document, Instant, metadata

audit = Table(
    "audit",
    metadata,
    Column(
        "seq", BigInteger, Identity(always=True), primary_key=True, comment="Global order; gaps are allowed."
    ),
    Column("number", Text, nullable=False),
    Column("position", Integer, nullable=False, comment="1, 2, ... in this record's chain."),
    Column("event", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("acting_for", Text),
    Column("method", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("subject", Text, comment="The line, gate, task or step that it is about."),
    Column(
        "facts", Document, nullable=False, comment="States, digests, references; never words or form values."
    ),
    Column("configuration", Text),
    Column("workflow_run", Text),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("written_at", Instant, nullable=False, server_default=func.now()),
    UniqueConstraint("number", "position"),
)

anchor = Table(
    "anchor",
    metadata,
    Column("serial", BigInteger, Identity(always=True), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("up_to", BigInteger, nullable=False, comment="The highest audit.seq that it covers."),
    Column("document", Document, nullable=False),
    Column("signature", Text, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("number", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="comment, work_note, question, answer, system."),
    Column("subject", Text),
    Column("author", Text, nullable=False),
    Column("text", Text, comment="Reference of the words."),
    Column("digest", Text),
    Column("at", Instant, nullable=False),
)
Index("ix_journal_number", journal.c.number)
