"""Gates, who may decide at them, and their votes. Votes are immutable: the service's role cannot change them."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    func,
)

from steadydesk.records.tables.base import Document, Instant, metadata, or_never

gate = Table(
    "gate",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False, index=True),
    Column("line", Text),
    Column("policy", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("label", Document, nullable=False),
    Column("state", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("closed_at", Instant),
    Column("reason", Text),
    Column("changed", Document, comment="Fields that differ from what the stage decided on before."),
)


def in_turn(at: ColumnElement[datetime], identity: ColumnElement[str]) -> tuple[ColumnElement[Any], ...]:
    """The order of gates by an instant of theirs; of one instant by their ids, the shorter ones first: the tenth gate
    behind the ninth, and REQ10000000 behind REQ9999999.
    """
    return at, func.length(identity), identity


def as_opened(rows: FromClause) -> tuple[ColumnElement[Any], ...]:
    """The order in which gates opened."""
    return in_turn(rows.c.opened_at, rows.c.id)


approver = Table(
    "approver",
    metadata,
    Column("gate", Text),
    Column("person", Text),
    Column("state", Text, nullable=False, comment="A value of contracts.gate.ApproverState."),
    Column(
        "opened_at", Instant, nullable=False, comment="Of the gate, so that an inbox is read in its order."
    ),
    Column("due_at", Instant, comment="Of the gate while it is open, for the same reason."),
    Column(
        "capacity", Text, nullable=False, comment="Why they are asked: own, group:<key>, manager, fallback."
    ),
    PrimaryKeyConstraint("gate", "person"),
)


def decide_by(rows: FromClause) -> ColumnElement[datetime]:
    """When it is due, what is never due last."""
    return or_never(rows.c.due_at)


Index(
    "ix_approver_inbox",
    approver.c.person,
    approver.c.state,
    *in_turn(approver.c.opened_at, approver.c.gate),
)
Index(
    "ix_approver_due",
    approver.c.person,
    *in_turn(decide_by(approver), approver.c.gate),
    postgresql_where=approver.c.state == "requested",
)

vote = Table(
    "vote",
    metadata,
    Column("id", Text, primary_key=True),
    Column("gate", Text, nullable=False),
    Column("seq", Integer, nullable=False, comment="1, 2, ... of this natural person at this gate."),
    Column("natural_person", Text, nullable=False),
    Column("voter", Text, nullable=False),
    Column("acting_for", Text),
    Column("decision", Text, nullable=False, comment="approved, rejected or withdrawn."),
    Column("comment", Text, comment="Reference of the text."),
    Column("comment_digest", Text),
    Column("content_hash", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("gate", "natural_person", "seq"),
)
