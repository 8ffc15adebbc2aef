"""What all tables share: metadata with stable constraint names, and the column shapes."""

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, DateTime, MetaData, func, literal_column
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Instant = DateTime(timezone=True)
"""All times are UTC and come from the workflow's clock; SQL ``now()`` only in ``written_at``."""

Document = JSONB(none_as_null=True)

NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def or_never(at: ColumnElement[datetime]) -> ColumnElement[datetime]:
    """An instant by which rows stand one after the other, those without one last."""
    return func.coalesce(at, literal_column("'9999-01-01 00:00:00+00'::timestamptz", Instant))
