"""How people prove who they are: tokens and passwords (hashes only), sessions, throttles."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, text

from steadydesk.records.tables.base import Document, Instant, metadata

token = Table(
    "token",
    metadata,
    Column("id", Text, primary_key=True),
    Column("hash", Text, nullable=False, unique=True, comment="SHA-256 of the token."),
    Column("person", Text, ForeignKey("person.id"), nullable=False),
    Column("label", Text, nullable=False),
    Column("scopes", Document, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("last_used_at", Instant),
    Column("ended_at", Instant),
)
Index("ix_token_person", token.c.person)

password = Table(
    "password",
    metadata,
    Column("person", Text, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("hash", Text, nullable=False, comment="Argon2id."),
    Column("changed_at", Instant, nullable=False),
    Column("must_change", Boolean, nullable=False, server_default=text("false")),
)

session = Table(
    "session",
    metadata,
    Column("hash", Text, primary_key=True, comment="SHA-256 of the session id."),
    Column("person", Text, ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("made_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("agent", Text, nullable=False, server_default=""),
    Column("rights", Text, nullable=False, server_default="", comment="Digest of what its person may do."),
    Column(
        "at_issuer",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Its person signed in at the OIDC issuer.",
    ),
    Column("ended_at", Instant),
)

sign_in_failure = Table(
    "sign_in_failure",
    metadata,
    Column("subject", Text, primary_key=True, comment="A salted hash of the user name or address."),
    Column("failures", Integer, nullable=False),
    Column("blocked_until", Instant),
    Column("last_at", Instant, nullable=False),
)

one_time_link = Table(
    "one_time_link",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("person", Text, ForeignKey("person.id", ondelete="CASCADE")),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

security_event = Table(
    "security_event",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("number", Text),
    Column("actor", Text),
    Column("detail", Text, nullable=False, server_default=""),
    Column("at", Instant, nullable=False, index=True),
)
Index("ix_security_event_kind", security_event.c.kind, security_event.c.at, security_event.c.id)
