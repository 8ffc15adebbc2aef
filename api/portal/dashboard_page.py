"""The charts of the dashboard from its numbers, in the reader's words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from api.portal.charts import Chart, Series, bars, lines
from api.portal.page import Page
from steadydesk.policies.period import Bucket, Period
from steadydesk.records.views.dashboard import Dashboard
from steadydesk.records.views.dashboard_reads import AGE_BANDS


@dataclass(frozen=True)
class Drawn:
    """A chart and its picture."""

    chart: Chart
    picture: Markup


def charts_of(page: Page, found: Dashboard, period: Period) -> dict[str, Drawn]:
    """By their keys: volume, age, share, ratio, waiting, satisfaction."""
    studio = _Studio(page, found, period)
    return {
        "volume": studio.volume(),
        "age": studio.age(),
        "share": studio.share(),
        "ratio": studio.ratio(),
        "waiting": studio.waiting(),
        "satisfaction": studio.satisfaction(),
    }


@dataclass(frozen=True)
class _Studio:
    page: Page
    found: Dashboard
    period: Period

    def volume(self) -> Drawn:
        opened, closed = self.found.volume.opened, self.found.volume.closed
        text = self._words(
            "volume_text",
            **self._span(),
            opened=self._number(sum(opened.values())),
            closed=self._number(sum(closed.values())),
        )
        series = [
            Series(self._words("opened"), self._in_time(opened, 0)),
            Series(self._words("closed"), self._in_time(closed, 0)),
        ]
        return self._bars(
            "volume", text, "requests", self._across(), self._labels(), series, self._number, whole=True
        )

    def age(self) -> Drawn:
        counts = self.found.ages.counts
        text = self._words("age_text", count=self._number(sum(counts)))
        middle = [self._words("band", **{"from": low, "to": high}) for low, high in pairwise(AGE_BANDS)]
        labels = [
            self._words("band_first", to=AGE_BANDS[0]),
            *middle,
            self._words("band_last", **{"from": AGE_BANDS[-1]}),
        ]
        series = [Series(self._words("open_now"), counts)]
        across = self._words("age_days")
        return self._bars("age", text, "requests", across, labels, series, self._number, whole=True)

    def share(self) -> Drawn:
        text = self._words("share_text", share=self._maybe(self.found.delivered.share, self._percent))
        shares = {day: one.share for day, one in self.found.delivered_in.items()}
        series = [Series(self._words("share"), self._in_time(shares))]
        return self._bars(
            "share", text, "share", self._across(), self._labels(), series, self._percent, top=1
        )

    def ratio(self) -> Drawn:
        chart = Chart(
            key="ratio",
            title=self._words("ratio"),
            description=self._words("ratio_text"),
            across=self._across(),
            up=self._words("ratio"),
            labels=self._labels(),
            series=self._medians(self.found.delivered_in),
            written=self._percent,
            reference=(1, self._words("promise")),
        )
        return Drawn(chart, lines(chart))

    def waiting(self) -> Drawn:
        waited = self.found.waited
        text = self._words(
            "waiting_text",
            median=self._maybe(waited.median, self._hours),
            p90=self._maybe(waited.p90, self._hours),
            count=self._number(waited.count),
        )
        chart = Chart(
            key="waiting",
            title=self._words("waiting"),
            description=text,
            across=self._across(),
            up=self._words("hours"),
            labels=self._labels(),
            series=self._medians(self.found.waited_in),
            written=self._hours,
        )
        return Drawn(chart, lines(chart))

    def satisfaction(self) -> Drawn:
        satisfaction = self.found.satisfaction
        text = self._words("satisfaction_text", count=self._number(satisfaction.count))
        labels = [str(score) for score in range(1, 6)]
        series = [Series(self._words("answers"), satisfaction.scores)]
        across = self._words("score")
        return self._bars("satisfaction", text, "answers", across, labels, series, self._number, whole=True)

    def _bars(
        self,
        key: str,
        text: str,
        up: str,
        across: str,
        labels: Sequence[str],
        series: Sequence[Series],
        written: Callable[[float], str],
        **more: Any,
    ) -> Drawn:
        title, upwards = self._words(key), self._words(up)
        chart = Chart(key, title, text, across, upwards, labels, series, written, **more)
        return Drawn(chart, bars(chart))

    def _medians(self, by_day: Mapping[date, Any]) -> list[Series]:
        return [
            Series(self._words(name), self._in_time({day: getattr(one, name) for day, one in by_day.items()}))
            for name in ("median", "p90")
        ]

    def _in_time(
        self, values: Mapping[date, float | None], otherwise: float | None = None
    ) -> list[float | None]:
        return [values.get(day, otherwise) for day in self.period.buckets]

    def _labels(self) -> list[str]:
        return [self.page.formats.short_day(day) for day in self.period.buckets]

    def _across(self) -> str:
        return self._words("per_day" if self.period.by is Bucket.DAY else "per_week")

    def _span(self) -> dict[str, str]:
        formats = self.page.formats
        return {"first": formats.plain_day(self.period.first), "last": formats.plain_day(self.period.last)}

    def _maybe(self, value: float | None, written: Callable[[float], str]) -> str:
        return self._words("none") if value is None else written(value)

    def _number(self, value: float) -> str:
        return self.page.formats.number(value)

    def _percent(self, value: float) -> str:
        return self.page.formats.percent(value)

    def _hours(self, value: float) -> str:
        return self.page.formats.number(value, digits=1 if value < 10 and value % 1 else 0)

    def _words(self, key: str, **values: Any) -> str:
        return self.page.words(f"dashboard.{key}", **values)
