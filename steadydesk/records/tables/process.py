"""Records of processes: the common row of every number, the document behind it, and who may see it."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Double,
    ForeignKey,
    FromClause,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    Table,
    Text,
    cast,
    func,
    literal_column,
    text,
)

from steadydesk.records.tables.base import Document, Instant, metadata, or_never

record = Table(
    "record",
    metadata,
    Column("number", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column(
        "owner",
        Text,
        nullable=False,
        comment="The number whose workflow writes this row; itself for a process.",
    ),
    Column("parent", Text, comment="The request that ordered this one."),
    Column("function", Text),
    Column("state", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    Column(
        "short_description", Document, nullable=False, comment="Words of the catalogue, never of a person."
    ),
    Column("item", Text),
    Column("quantity", Integer),
    Column("amount", Numeric(14, 2)),
    Column("currency", Text),
    Column("opened_by", Text, nullable=False),
    Column("caller", Text, nullable=False, comment="The person that it is for."),
    Column("assignment_group", Text),
    Column("assigned_to", Text),
    Column("service", Text),
    Column("priority", SmallInteger, nullable=False, server_default="3"),
    Column("due_at", Instant),
    Column("expected_at", Instant),
    Column("effective_at", Instant),
    Column("late", Boolean, nullable=False, server_default=text("false")),
    Column("waiting", Document),
    Column("progress", Text, comment="Steps of the plan that are done, of those that are not skipped."),
    Column("people_operation", Text, comment="Of a line by which somebody joins, moves or leaves."),
    Column("close_code", Text),
    Column("correlation_id", Text),
    Column("configuration", Text),
    Column("restricted", Boolean, nullable=False, server_default=text("false")),
    Column("opened_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("promised_seconds", Double, comment="Of a delivered line: the business time that was promised."),
    Column("taken_seconds", Double, comment="Of a delivered line: the business time that it took."),
    Column("version", Integer, nullable=False),
)


def title(rows: FromClause) -> ColumnElement[int]:
    """A number for what a row is called, the same for all that are called so; there are few, however many rows."""
    words = cast(rows.c.short_description, Text)
    return func.hashtextextended(words, literal_column("0"), type_=BigInteger)


def soonest(rows: FromClause) -> ColumnElement[datetime]:
    """What is promised, what is not promised at all last."""
    return or_never(rows.c.expected_at)


Index("ix_record_owner", record.c.owner)
Index("ix_record_kind_updated_at", record.c.kind, record.c.updated_at, record.c.number)
Index("ix_record_group_open", record.c.assignment_group, record.c.due_at, postgresql_where=record.c.open)
Index(
    "ix_record_running",
    record.c.updated_at,
    record.c.number,
    postgresql_where=record.c.open & (record.c.number == record.c.owner),
)
Index("ix_record_request_opened_by", record.c.opened_by, postgresql_where=record.c.kind == "REQ")
Index("ix_record_request_caller", record.c.caller, postgresql_where=record.c.kind == "REQ")
Index(
    "ix_record_request_opened", record.c.opened_at, record.c.number, postgresql_where=record.c.kind == "REQ"
)
Index(
    "ix_record_request_expected",
    soonest(record),
    record.c.number,
    postgresql_where=record.c.kind == "REQ",
)
Index("ix_record_line_item", record.c.item, postgresql_where=record.c.kind == "RITM")
# Not of lines alone: PostgreSQL leaves the statistics of an expression in a partial index aside.
Index("ix_record_kind_title", record.c.kind, title(record))
Index("ix_record_parent", record.c.parent, postgresql_where=record.c.parent.is_not(None))
Index(
    "ix_record_people_operation",
    record.c.effective_at,
    record.c.number,
    postgresql_where=record.c.people_operation.is_not(None),
)
Index(
    "ix_record_task_due",
    record.c.due_at,
    record.c.number,
    postgresql_where=record.c.open & (record.c.kind == "SCTASK"),
)

process = Table(
    "process",
    metadata,
    Column("number", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("document", Document, nullable=False),
)

sight = Table(
    "sight",
    metadata,
    Column("subject", Text, comment="p:<person>, g:<group> or f:<function> (its process owners)."),
    Column("number", Text, comment="The process; its lines, tasks and gates are seen with it."),
    Column("why", Text, comment="A value of policies.rights.Relation."),
    Column("begins_at", Instant),
    Column("until", Instant),
    Column("open", Boolean, nullable=False, comment="Whether the process is: as in its record."),
    Column("changed_at", Instant, nullable=False, comment="When the process changed last: as in its record."),
    PrimaryKeyConstraint("subject", "number", "why"),
)
Index("ix_sight_number", sight.c.number)
Index("ix_sight_changed", sight.c.subject, sight.c.open, sight.c.changed_at, sight.c.number)

step_result = Table(
    "step_result",
    metadata,
    Column("number", Text),
    Column("step", Text, comment="Stable over repeats, resets and continue-as-new."),
    Column("result", Document, nullable=False),
    PrimaryKeyConstraint("number", "step"),
)

command_key = Table(
    "command_key",
    metadata,
    Column("actor", Text),
    Column("key", Text, comment="The caller's Idempotency-Key."),
    Column("body_hash", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("update_id", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("command", Document, nullable=False, comment="The rest of a KeptCommand: what is sent, by whom."),
    Column("answer_due_at", Instant, comment="When the sweep sends it again; null once it was answered."),
    PrimaryKeyConstraint("actor", "key"),
)
Index(
    "ix_command_key_unanswered",
    command_key.c.answer_due_at,
    postgresql_where=command_key.c.answer_due_at.is_not(None),
)

reservation = Table(
    "reservation",
    metadata,
    Column("number", Text, primary_key=True),
    Column("order", Document, nullable=False, comment="What the opening command carries, for the sweeper."),
    Column("opened_by", Text, nullable=False),
    Column("reserved_at", Instant, nullable=False),
    Column("opened_at", Instant),
)
Index(
    "ix_reservation_unopened", reservation.c.reserved_at, postgresql_where=reservation.c.opened_at.is_(None)
)

stuck_process = Table(
    "stuck_process",
    metadata,
    Column("number", Text, ForeignKey("process.number"), primary_key=True),
    Column("problem", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

serials = {
    kind: Sequence(f"serial_{kind.lower()}", metadata=metadata, start=1)
    for kind in ("REQ", "RITM", "SCTASK", "GRA")
}
