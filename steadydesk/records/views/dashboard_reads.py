"""The statement of the dashboard: it counts, over the records that the viewer may see, what it does not list."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    any_,
    between,
    case,
    cast,
    extract,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger, Double, Integer, Text

from steadydesk.contracts.gate import GateState
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.process_model import Phase
from steadydesk.policies.period import Period
from steadydesk.records.tables.approval import gate
from steadydesk.records.tables.base import Instant
from steadydesk.records.tables.process import record
from steadydesk.records.tables.voice import survey
from steadydesk.records.views.visibility import Sight, visible

AGE_BANDS = (1, 3, 7, 14, 30)
"""Days between the bands of age: below 1, 1 to 3, ... 30 and more."""

_HOUR, _DAY = 3_600, 86_400
_REQUEST = RecordKind.REQUEST.value
_LINE = RecordKind.REQUEST_LINE.value
_Rows = Select[*tuple[Any, ...]]


class Level(IntEnum):
    """What ``GROUPING(place, function)`` says: a bit is set for what a row is not grouped by."""

    PLACE = 1
    FUNCTION = 2
    ALL = 3


class Part(StrEnum):
    """What a row of ``figures`` counts."""

    OPENED = "opened"
    CLOSED = "closed"
    AGE = "age"
    DELIVERED = "delivered"
    WAITED = "waited"
    SCORE = "score"


@dataclass(frozen=True)
class Extent:
    """Over what is counted: all that decides it, but for the moment. No ``functions``: all of them."""

    sight: Sight
    period: Period
    functions: tuple[str, ...] = ()


def figures(extent: Extent, now: datetime) -> CompoundSelect[Any]:
    """``part``, ``level``, ``place``, ``function``, ``times``, ``kept``, ``median``, ``p90``, ``oldest``.

    ``place`` is that of a bucket (from 1) or of a band of age (from 0), or a score. ``level`` says by what deliveries
    and waits are counted. Medians of deliveries are of business time taken ÷ promised, those of waits are hours.

    One statement, since what the viewer sees is the dear part and is found once for all: a statement for each part
    takes twice the processor time.
    """
    seen = _seen(extent, now)
    return union_all(
        _opened(seen, extent),
        _closed(seen, extent),
        _ages(seen, now),
        _delivered(seen, extent),
        _waited(seen, extent),
        _scores(seen, extent),
    )


def _seen(extent: Extent, now: datetime) -> CTE:
    """Requests and lines that are open or changed since the period began: what happened in it changed them."""
    is_request, is_line = record.c.kind == _REQUEST, record.c.kind == _LINE
    delivered = and_(is_line, record.c.phase == Phase.COMPLETE.value)
    conditions = [
        record.c.kind.in_((_REQUEST, _LINE)),
        or_(record.c.updated_at >= extent.period.begin, record.c.open),
        visible(extent.sight.at(now)),
    ]
    if extent.functions:
        conditions.append(record.c.function == any_(literal(list(extent.functions), ARRAY(Text))))
    return (
        select(
            record.c.number,
            is_request.label("is_request"),
            record.c.function,
            case((is_request, _bucket(extent, record.c.opened_at))).label("opened"),
            _bucket(extent, record.c.closed_at).label("closed"),
            case((and_(is_request, record.c.open), record.c.opened_at)).label("waiting_since"),
            case((delivered, record.c.taken_seconds / record.c.promised_seconds)).label("ratio"),
        )
        .where(*conditions)
        .cte("seen")
        .prefix_with("MATERIALIZED")
    )


def _bucket(extent: Extent, at: ColumnElement[Any]) -> ColumnElement[int]:
    """From 1; 0 before the period, and one more than there are buckets after it."""
    return func.width_bucket(at, literal(extent.period.marks, ARRAY(Instant)), type_=Integer)


def _in_period(extent: Extent, bucket: ColumnElement[Any]) -> ColumnElement[bool]:
    return between(bucket, 1, len(extent.period.buckets))


def _rows(
    part: Part,
    place: ColumnElement[Any] | None = None,
    *,
    level: ColumnElement[Any] | None = None,
    function: ColumnElement[Any] | None = None,
    kept: ColumnElement[Any] | None = None,
    spread: ColumnElement[Any] | None = None,
    oldest: ColumnElement[Any] | None = None,
) -> _Rows:
    """``spread`` is what median and 90th percentile are of, between neighbours where they fall between two."""
    shares = [
        cast(null(), Double) if spread is None else func.percentile_cont(share).within_group(spread)
        for share in (0.5, 0.9)
    ]
    return select(
        literal(part.value, Text).label("part"),
        (cast(null(), Integer) if level is None else level).label("level"),
        (cast(null(), Integer) if place is None else place).label("place"),
        (cast(null(), Text) if function is None else function).label("function"),
        func.count().label("times"),
        (cast(null(), BigInteger) if kept is None else kept).label("kept"),
        shares[0].label("median"),
        shares[1].label("p90"),
        (cast(null(), Instant) if oldest is None else oldest).label("oldest"),
    )


def _opened(seen: CTE, extent: Extent) -> _Rows:
    return _rows(Part.OPENED, seen.c.opened).where(_in_period(extent, seen.c.opened)).group_by(seen.c.opened)


def _closed(seen: CTE, extent: Extent) -> _Rows:
    closed = _rows(Part.CLOSED, seen.c.closed).where(seen.c.is_request, _in_period(extent, seen.c.closed))
    return closed.group_by(seen.c.closed)


def _ages(seen: CTE, now: datetime) -> _Rows:
    days = cast(extract("epoch", literal(now) - seen.c.waiting_since) / _DAY, Double)
    limits = literal(list(map(float, AGE_BANDS)), ARRAY(Double))
    waiting = (
        select(func.width_bucket(days, limits, type_=Integer).label("band"), seen.c.waiting_since)
        .where(seen.c.waiting_since.is_not(None))
        .subquery()
    )
    oldest = func.min(waiting.c.waiting_since)
    return _rows(Part.AGE, waiting.c.band, oldest=oldest).group_by(waiting.c.band)


def _delivered(seen: CTE, extent: Extent) -> _Rows:
    kept = func.count().filter(seen.c.ratio < 1)
    level = func.grouping(seen.c.closed, seen.c.function)
    lines = _rows(
        Part.DELIVERED, seen.c.closed, level=level, function=seen.c.function, kept=kept, spread=seen.c.ratio
    )
    lines = lines.where(seen.c.ratio.is_not(None), _in_period(extent, seen.c.closed))
    return lines.group_by(func.grouping_sets(tuple_(seen.c.closed), tuple_(seen.c.function), tuple_()))


def _waited(seen: CTE, extent: Extent) -> _Rows:
    """Gates of the requests; in a table of their own, or each wait would be computed for each use."""
    hours = cast(extract("epoch", gate.c.closed_at - gate.c.opened_at), Double) / _HOUR
    gates = (
        select(_bucket(extent, gate.c.closed_at).label("closed"), hours.label("hours"))
        .join(seen, seen.c.number == gate.c.owner)
        .where(
            gate.c.state.in_((GateState.APPROVED.value, GateState.REJECTED.value)),
            gate.c.closed_at >= extent.period.begin,
            gate.c.closed_at < extent.period.end,
        )
        .cte("gates")
        .prefix_with("MATERIALIZED")
    )
    sets = func.grouping_sets(tuple_(gates.c.closed), tuple_())
    level = case((func.grouping(gates.c.closed) == 0, Level.PLACE.value), else_=Level.ALL.value)
    return _rows(Part.WAITED, gates.c.closed, level=level, spread=gates.c.hours).group_by(sets)


def _scores(seen: CTE, extent: Extent) -> _Rows:
    return (
        _rows(Part.SCORE, cast(survey.c.score, Integer))
        .join_from(survey, seen, seen.c.number == survey.c.number)
        .where(
            survey.c.score.is_not(None),
            survey.c.answered_at >= extent.period.begin,
            survey.c.answered_at < extent.period.end,
        )
        .group_by(survey.c.score)
    )
