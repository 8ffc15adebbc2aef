"""People, groups and who stands for whom: directory records, read as of now."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, text

from steadydesk.records.tables.base import Instant, metadata

person = Table(
    "person",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_name", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("language", Text, nullable=False, server_default="en"),
    Column("zone", Text, nullable=False, server_default="UTC"),
    Column("manager", Text, ForeignKey("person.id")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("service_account", Boolean, nullable=False, server_default=text("false")),
    Column("natural_person", Text, comment="Several accounts of one natural person share this id."),
    Column("left_at", Instant),
    Column("updated_at", Instant, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
)
Index("ix_person_manager", person.c.manager)
Index(
    "ix_person_natural_person",
    person.c.natural_person,
    postgresql_where=person.c.natural_person.is_not(None),
)

person_group = Table(
    "person_group",
    metadata,
    Column("key", Text, primary_key=True),
    Column("label", Text, nullable=False),
    Column("function", Text),
    Column("manager", Text, ForeignKey("person.id")),
    Column("email", Text),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("updated_at", Instant, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
)

membership = Table(
    "membership",
    metadata,
    Column("group_key", Text, ForeignKey("person_group.key", ondelete="CASCADE"), primary_key=True),
    Column("person", Text, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
)
Index("ix_membership_person", membership.c.person)

role_holder = Table(
    "role_holder",
    metadata,
    Column("person", Text, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("function", Text, primary_key=True, server_default="*", comment="A function's key, or * for all."),
)

delegation = Table(
    "delegation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("delegator", Text, ForeignKey("person.id"), nullable=False),
    Column("delegate", Text, ForeignKey("person.id"), nullable=False),
    Column("policies", Text, comment="Approval policy keys, comma-separated; null: all."),
    Column("begins_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("made_by", Text, ForeignKey("person.id"), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("ended_at", Instant),
)
Index("ix_delegation_delegate", delegation.c.delegate)
Index("ix_delegation_delegator", delegation.c.delegator)

absence = Table(
    "absence",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person", Text, ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("begins_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
)
