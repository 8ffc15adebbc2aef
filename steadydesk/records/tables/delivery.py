"""Notifications: the outbox written with each transition, and what became of each message."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from steadydesk.records.tables.base import Document, Instant, metadata

outbox = Table(
    "outbox",
    metadata,
    Column(
        "seq", BigInteger, Identity(always=True), primary_key=True, comment="The cursor of webhook replays."
    ),
    Column("id", Text, nullable=False, unique=True, comment="Stable over repeats of the step that wrote it."),
    Column("event", Text, nullable=False),
    Column("number", Text, nullable=False, index=True),
    Column("subject", Text),
    Column(
        "audience",
        Document,
        nullable=False,
        comment="List of p:<person>, g:<group>, f:<function>.",
    ),
    Column(
        "facts", Document, nullable=False, comment="References and states; words are read when it is sent."
    ),
    Column("at", Instant, nullable=False),
    Column("fanned_out_at", Instant),
)
Index("ix_outbox_waiting", outbox.c.seq, postgresql_where=outbox.c.fanned_out_at.is_(None))

delivery = Table(
    "delivery",
    metadata,
    Column(
        "id", Text, primary_key=True, comment="Follows from message, channel and recipient; also sent along."
    ),
    Column("outbox_id", Text, nullable=False),
    Column("seq", BigInteger, nullable=False, comment="outbox.seq: the order within a record."),
    Column("number", Text, nullable=False),
    Column("channel", Text, nullable=False, comment="mail, webhook or process."),
    Column("target", Text, nullable=False, comment="mail, processes, or webhook-<subscription>."),
    Column("recipient", Text, nullable=False, comment="A person, a subscription or a process."),
    Column(
        "state",
        Text,
        nullable=False,
        comment="queued, sending, sent, unconfirmed, dead or suppressed.",
    ),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", Instant, comment="When it is tried; while sending, when the claim is given up."),
    Column("problem", Text, comment="Why it failed, in our words; never those of a remote."),
    Column("queued_at", Instant, nullable=False),
    Column("ended_at", Instant),
    UniqueConstraint("outbox_id", "channel", "recipient"),
)
Index(
    "ix_delivery_due", delivery.c.target, delivery.c.next_at, postgresql_where=delivery.c.ended_at.is_(None)
)
Index(
    "ix_delivery_order",
    delivery.c.target,
    delivery.c.recipient,
    delivery.c.number,
    delivery.c.seq,
    postgresql_where=delivery.c.ended_at.is_(None),
)
Index(
    "ix_delivery_troubled",
    delivery.c.ended_at,
    delivery.c.id,
    postgresql_where=delivery.c.state.in_(("dead", "unconfirmed")),
)

in_app = Table(
    "in_app",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("person", Text, nullable=False),
    Column("outbox_id", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("read_at", Instant),
    UniqueConstraint("person", "outbox_id"),
)
Index("ix_in_app_person_id", in_app.c.person, in_app.c.id)

subscription = Table(
    "subscription",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False, comment="The person as whom it sees records."),
    Column("url", Text, nullable=False),
    Column("events", Document, nullable=False),
    Column("label", Text, nullable=False, server_default=""),
    Column("sealed_secret", Text, nullable=False, comment="Encrypted; the key is in the keys file."),
    Column("sealed_previous", Text),
    Column(
        "previous_until", Instant, comment="Until then messages carry a signature of the previous secret too."
    ),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("cursor", BigInteger, nullable=False, comment="Events after this outbox.seq are sent."),
    Column("made_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("version", Integer, nullable=False, server_default="1"),
)

preference = Table(
    "preference",
    metadata,
    Column("person", Text, primary_key=True),
    Column("event", Text, primary_key=True, comment="An event type, or *."),
    Column("channel", Text, primary_key=True),
    Column("wanted", Boolean, nullable=False),
)
