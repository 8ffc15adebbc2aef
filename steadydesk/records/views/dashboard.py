"""How the service does over a period: volume, age, delivery against promise, approval waiting, satisfaction.

Everything is counted over the records that the viewer may see, and over nothing else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.records.engine import plan_anew
from steadydesk.records.views import dashboard_reads as reads

LOW_SCORE = 2


@dataclass(frozen=True)
class Volume:
    """Requests that were opened and closed, by the first day of each bucket."""

    opened: Mapping[date, int] = field(default_factory=dict[date, int])
    closed: Mapping[date, int] = field(default_factory=dict[date, int])


@dataclass(frozen=True)
class Ages:
    """Requests that are open now, by bands of ``dashboard_reads.AGE_BANDS``; ``oldest`` was opened then."""

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


async def dashboard(connection: AsyncConnection, extent: reads.Extent) -> Dashboard:
    """In six statements."""
    await plan_anew(connection)
    volume = (await connection.execute(reads.volume(extent))).all()
    ages = (await connection.execute(reads.ages(extent))).all()
    delivered = (await connection.execute(reads.delivered(extent))).all()
    waited = (await connection.execute(reads.waited(extent))).all()
    scores = (await connection.execute(reads.scores(extent))).all()
    return Dashboard(
        volume=Volume(*({row.day: row.times for row in volume if row.what == what} for what in (0, 1))),
        ages=Ages(
            _by_place(((row.band, row.times) for row in ages), len(reads.AGE_BANDS) + 1),
            min((row.oldest for row in ages), default=None),
        ),
        delivered=next((_delivery(row) for row in delivered if row.level == reads.ALL), Delivered()),
        delivered_in={row.day: _delivery(row) for row in delivered if row.level == reads.DAY_ONLY},
        delivered_by={row.function: _delivery(row) for row in delivered if row.level == reads.FUNCTION_ONLY},
        waited=next((_waiting(row) for row in waited if row.level), Waited()),
        waited_in={row.day: _waiting(row) for row in waited if not row.level},
        satisfaction=Satisfaction(_by_place(((row.score - 1, row.times) for row in scores), 5)),
    )


def _delivery(row: Row[Any]) -> Delivered:
    return Delivered(row.times, row.kept, row.median, row.p90)


def _waiting(row: Row[Any]) -> Waited:
    return Waited(row.times, row.median, row.p90)


def _by_place(counts: Iterable[tuple[int, int]], places: int) -> tuple[int, ...]:
    found = dict(counts)
    return tuple(found.get(place, 0) for place in range(places))
