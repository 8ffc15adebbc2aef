"""The customer's voice: surveys, suggestions and complaints."""

from sqlalchemy import Column, Index, SmallInteger, Table, Text

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
    Column("number", Text, nullable=False, index=True),
    Column("person", Text, nullable=False),
    Column("text", Text, nullable=False, comment="Reference of the words."),
    Column("at", Instant, nullable=False),
)
