"""Rows as one JSON list, so that a page needs one statement for what stands in several tables."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ScalarSelect, cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.sql.selectable import NamedFromClause

from steadydesk.contracts.language import in_language
from steadydesk.contracts.views import RecordView
from steadydesk.records.views.people import Names


def listed(
    rows: NamedFromClause[Any], order: Any, condition: Any = None, within: Any = None
) -> ScalarSelect[Any]:
    """All rows (that fit ``condition``) as a JSON list in this order, of one column or several; ``within`` is the
    statement's own table.
    """
    whole = func.to_jsonb(rows.table_valued())
    gathered = func.jsonb_agg(aggregate_order_by(whole, *(order if isinstance(order, tuple) else (order,))))
    statement = select(func.coalesce(gathered, cast(literal("[]"), JSONB)))
    if condition is not None:
        statement = statement.where(condition)
    return (statement.correlate(within) if within is not None else statement).scalar_subquery()


def record_fields(one: Mapping[str, Any], names: Names, language: str) -> dict[str, Any]:
    """The fields of a RecordView from a row of ``record`` that came as JSON."""
    values = {name: one[name] for name in RecordView.model_fields if name in one}
    return {
        **values,
        "short_description": in_language(one["short_description"], language),
        "opened_by": names.of(one["opened_by"]),
        "caller": names.of(one["caller"]),
        "assigned_to": names.maybe(one["assigned_to"]),
        "waiting": one["waiting"] or [],
    }
