"""The customer's voice: surveys, suggestions and complaints."""

from sqlalchemy import Column, Index, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from steadydesk.records.tables.base import Instant, metadata

survey = Table(
    "survey",
    metadata,
    Column("number", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("state", Text, nullable=False, comment="sent, answered or expired."),
    Column("score", SmallInteger),
    Column("comment", Text, comment="Reference of the text."),
    Column("sent_at", Instant, nullable=False),
    Column("answered_at", Instant),
)
Index("ix_survey_person", survey.c.person, survey.c.sent_at)

feedback = Table(
    "feedback",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False, comment="suggestion or complaint."),
    Column("number", Text, nullable=False, comment="What it is about, as its author named it."),
    Column("owner", Text, nullable=False, index=True, comment="The process that the number belongs to."),
    Column("function", Text, comment="Of that process."),
    Column("person", Text, nullable=False),
    Column("text", Text, nullable=False, comment="Reference of the words."),
    Column("at", Instant, nullable=False),
    Column(
        "answers",
        ARRAY(Text),
        nullable=False,
        comment="Who answers for it: g:<group>, f:<function> (its process owners) or p:<person>.",
    ),
    Column(
        "readers",
        ARRAY(Text),
        nullable=False,
        comment="Who reads it: who answers, who said it, and the process owners unless the record is restricted.",
    ),
)
Index("ix_feedback_at", feedback.c.at, feedback.c.id)
Index("ix_feedback_readers", feedback.c.readers, postgresql_using="gin")
