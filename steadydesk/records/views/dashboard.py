"""How the service does over a period: volume, age, delivery against promise, approval waiting, satisfaction.

Everything is counted over the records that the viewer may see, and over nothing else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.records.views.dashboard_reads import AGE_BANDS, Extent, Level, Part, figures

LOW_SCORE = 2

_ROOM = text(
    "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('work_mem', '32MB', true)"
)
"""For this transaction: the best plan depends on who sees how much, and what they see should not go to the disk."""


@dataclass(frozen=True)
class Volume:
    """Requests that were opened and closed, by the first day of each bucket."""

    opened: Mapping[date, int] = field(default_factory=dict[date, int])
    closed: Mapping[date, int] = field(default_factory=dict[date, int])


@dataclass(frozen=True)
class Ages:
    """Requests that are open now, by bands of ``AGE_BANDS``; ``oldest`` was opened then."""

    counts: tuple[int, ...]
    oldest: datetime | None


@dataclass(frozen=True)
class Delivered:
    """Lines that were delivered; ``median`` and ``p90`` are of business time taken ÷ business time promised."""

    count: int = 0
    kept: int = 0
    median: float | None = None
    p90: float | None = None

    @property
    def share(self) -> float | None:
        return self.kept / self.count if self.count else None


@dataclass(frozen=True)
class Waited:
    """Approvals that were decided; hours of the clock on the wall from asking to the decision."""

    count: int = 0
    median: float | None = None
    p90: float | None = None


@dataclass(frozen=True)
class Satisfaction:
    """Surveys that were answered: how many gave each score from 1 to 5."""

    scores: tuple[int, ...]

    @property
    def count(self) -> int:
        return sum(self.scores)

    @property
    def mean(self) -> float | None:
        total = sum(score * times for score, times in enumerate(self.scores, 1))
        return total / self.count if self.count else None

    @property
    def low(self) -> float | None:
        """The share of scores of ``LOW_SCORE`` and less."""
        return sum(self.scores[:LOW_SCORE]) / self.count if self.count else None


@dataclass(frozen=True)
class Dashboard:
    volume: Volume
    ages: Ages
    delivered: Delivered
    delivered_in: Mapping[date, Delivered]
    delivered_by: Mapping[str, Delivered]
    """By function."""
    waited: Waited
    waited_in: Mapping[date, Waited]
    satisfaction: Satisfaction

    @property
    def is_empty(self) -> bool:
        volume = self.volume
        counts = (*volume.opened.values(), *volume.closed.values(), *self.ages.counts)
        return not (any(counts) or self.delivered.count or self.waited.count or self.satisfaction.count)


async def dashboard(connection: AsyncConnection, extent: Extent, now: datetime) -> Dashboard:
    """In two statements; ``now`` decides ages, and which sight has begun and not ended."""
    await connection.execute(_ROOM)
    parts: dict[str, list[Row[Any]]] = {part.value: [] for part in Part}
    for row in await connection.execute(figures(extent, now)):
        parts[row.part].append(row)
    days = dict(enumerate(extent.period.buckets, 1))
    delivered, waited, ages = parts[Part.DELIVERED], parts[Part.WAITED], parts[Part.AGE]
    return Dashboard(
        volume=Volume(
            *({days[row.place]: row.times for row in parts[part]} for part in (Part.OPENED, Part.CLOSED))
        ),
        ages=Ages(_times(ages, range(len(AGE_BANDS) + 1)), min((row.oldest for row in ages), default=None)),
        delivered=next((_delivery(row) for row in delivered if row.level == Level.ALL), Delivered()),
        delivered_in={days[row.place]: _delivery(row) for row in delivered if row.level == Level.PLACE},
        delivered_by={row.function: _delivery(row) for row in delivered if row.level == Level.FUNCTION},
        waited=next((_waiting(row) for row in waited if row.level == Level.ALL), Waited()),
        waited_in={days[row.place]: _waiting(row) for row in waited if row.level == Level.PLACE},
        satisfaction=Satisfaction(_times(parts[Part.SCORE], range(1, 6))),
    )


def _delivery(row: Row[Any]) -> Delivered:
    return Delivered(row.times, row.kept, row.median, row.p90)


def _waiting(row: Row[Any]) -> Waited:
    return Waited(row.times, row.median, row.p90)


def _times(rows: Iterable[Row[Any]], places: Iterable[int]) -> tuple[int, ...]:
    found = {row.place: row.times for row in rows}
    return tuple(found.get(place, 0) for place in places)
