"""The statements of the dashboard: each counts, over the records that the viewer may see, what they do not list."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Select,
    any_,
    cast,
    extract,
    func,
    literal,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Double, Text

from steadydesk.contracts.gate import GateState
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.process_model import Phase
from steadydesk.policies.period import Period
from steadydesk.records.tables.approval import gate
from steadydesk.records.tables.process import record
from steadydesk.records.tables.voice import survey
from steadydesk.records.views.visibility import Viewer, visible

AGE_BANDS = (1, 3, 7, 14, 30)
"""Days between the bands of age: below 1, 1 to 3, ... 30 and more."""

DAY_ONLY, FUNCTION_ONLY, ALL = 1, 2, 3
"""What ``GROUPING(day, function)`` says of a row of ``delivered``: a bit is set for what it is not grouped by."""

_HOUR, _DAY = 3_600, 86_400
_Rows = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Extent:
    """Over what is counted; no ``functions``: all of them."""

    viewer: Viewer
    period: Period
    functions: tuple[str, ...] = ()


def _requests(extent: Extent) -> list[ColumnElement[bool]]:
    return [
        record.c.kind == RecordKind.REQUEST.value,
        visible(extent.viewer, processes=True),
        *_in_functions(extent),
    ]


def _in_functions(extent: Extent) -> list[ColumnElement[bool]]:
    if not extent.functions:
        return []
    return [record.c.function == any_(literal(list(extent.functions), ARRAY(Text)))]


def _within(extent: Extent, at: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """In the period. What happened then changed the record, so its index by changes finds the rows."""
    begin, end = extent.period.begin, extent.period.end
    return [at >= begin, at < end, record.c.updated_at >= begin]


def _bucket(extent: Extent, at: ColumnElement[Any]) -> ColumnElement[date]:
    """The first day of the bucket, in the zone of the period."""
    zone = extent.period.zone
    return cast(func.timezone(zone, func.date_trunc(extent.period.by.value, at, zone)), Date).label("day")


def volume(extent: Extent) -> _Rows:
    """``what`` (0 opened, 1 closed), ``day``, ``times``."""
    parts = [
        select(literal(what).label("what"), _bucket(extent, at)).where(
            *_requests(extent), *_within(extent, at)
        )
        for what, at in enumerate((record.c.opened_at, record.c.closed_at))
    ]
    found = union_all(*parts).subquery()
    return select(found.c.what, found.c.day, func.count().label("times")).group_by(found.c.what, found.c.day)


def ages(extent: Extent) -> _Rows:
    """``band``, ``times``, ``oldest``."""
    days = extract("epoch", literal(extent.viewer.now) - record.c.opened_at) / _DAY
    limits = literal(list(map(float, AGE_BANDS)), ARRAY(Double))
    found = (
        select(func.width_bucket(cast(days, Double), limits).label("band"), record.c.opened_at)
        .where(*_requests(extent), record.c.open)
        .subquery()
    )
    oldest = func.min(found.c.opened_at).label("oldest")
    return select(found.c.band, func.count().label("times"), oldest).group_by(found.c.band)


def delivered(extent: Extent) -> _Rows:
    """``level``, ``day``, ``function``, ``times``, ``kept``, ``median``, ``p90``."""
    taken, promised = record.c.taken_seconds, record.c.promised_seconds
    lines = (
        select(
            _bucket(extent, record.c.closed_at),
            record.c.function,
            (taken / promised).label("ratio"),
            (taken < promised).label("is_kept"),
        )
        .where(
            record.c.kind == RecordKind.REQUEST_LINE.value,
            record.c.phase == Phase.COMPLETE.value,
            promised.is_not(None),
            visible(extent.viewer),
            *_in_functions(extent),
            *_within(extent, record.c.closed_at),
        )
        .cte("lines")
    )
    sets = func.grouping_sets(tuple_(lines.c.day), tuple_(lines.c.function), tuple_())
    return select(
        func.grouping(lines.c.day, lines.c.function).label("level"),
        lines.c.day,
        lines.c.function,
        func.count().label("times"),
        func.count().filter(lines.c.is_kept).label("kept"),
        *_spread(lines, "ratio"),
    ).group_by(sets)


def waited(extent: Extent) -> _Rows:
    """``level`` (0 for a day, 1 for all), ``day``, ``times``, ``median``, ``p90`` in hours."""
    hours = extract("epoch", gate.c.closed_at - gate.c.opened_at) / _HOUR
    decided = (GateState.APPROVED.value, GateState.REJECTED.value)
    gates = (
        select(_bucket(extent, gate.c.closed_at), cast(hours, Double).label("hours"))
        .join(record, record.c.number == gate.c.owner)
        .where(gate.c.state.in_(decided), *_requests(extent), *_within(extent, gate.c.closed_at))
        .cte("gates")
    )
    sets = func.grouping_sets(tuple_(gates.c.day), tuple_())
    return select(
        func.grouping(gates.c.day).label("level"),
        gates.c.day,
        func.count().label("times"),
        *_spread(gates, "hours"),
    ).group_by(sets)


def scores(extent: Extent) -> _Rows:
    """``score``, ``times``."""
    return (
        select(survey.c.score, func.count().label("times"))
        .join(record, record.c.number == survey.c.number)
        .where(survey.c.score.is_not(None), *_requests(extent), *_within(extent, survey.c.answered_at))
        .group_by(survey.c.score)
    )


def _spread(rows: CTE, value: str) -> list[ColumnElement[Any]]:
    """Median and 90th percentile, between neighbours where they fall between two values."""
    return [
        func.percentile_cont(share).within_group(rows.c[value]).label(name)
        for name, share in (("median", 0.5), ("p90", 0.9))
    ]
